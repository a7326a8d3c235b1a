// Types of the reference: examples, and documented requests with their responses.
import type { Json } from '../../src/http/problem.ts';

export type { HeaderName, JsonObject, Parameter, Refusal } from '../../src/http/docs.ts';

/** The displayed name of an example, and its value. */
export interface Example {
  summary: string;
  value: Json;
}

/** A request from a document or from this reference, with its response. */
export interface Exchange {
  method: string;
  path: string;
  summary: string;
  /** Null for no body. */
  sent: Json | null;
  status: number;
  answer: Json;
}
