// What the reference is made of besides the endpoints: examples, and exchanges that the documents give.
import type { Json } from '../../src/http/problem.ts';

export type { HeaderName, JsonObject, Parameter, Refusal } from '../../src/http/docs.ts';

/** An example's name as readers see it, and its value. */
export interface Example {
  summary: string;
  value: Json;
}

/** A request that a document gives, or this reference, and how it is answered. */
export interface Exchange {
  method: string;
  path: string;
  summary: string;
  /** Null if nothing is sent. */
  sent: Json | null;
  status: number;
  answer: Json;
}
