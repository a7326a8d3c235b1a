// What the reference is made of: how a dialect and its operations are described, and the parts of OpenAPI it needs.
import type { AnswerSchema, EndpointDocs } from '../../src/http/docs.ts';
import type { Dialect } from '../../src/http/endpoint.ts';
import type { Json } from '../../src/http/problem.ts';

export type {
  EndpointDocs as Operation,
  HeaderName,
  JsonObject,
  Parameter,
  Refusal,
  Success,
} from '../../src/http/docs.ts';

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
  /** Null where nothing is sent. */
  sent: Json | null;
  status: number;
  answer: Json;
}

export interface DescribedDialect {
  dialect: Dialect;
  title: string;
  description: string;
  /** True where the document writes its paths with a slash at the end. */
  hasSlash: boolean;
  /** The shapes of its refusals, the most particular first; `fields` are those of the operation's body. */
  refusalSchemas: (fields: readonly string[]) => readonly AnswerSchema[];
  /** The key of a refusal whose values are listed for each status. */
  code?: string;
  /** By method and path, as the dialect's routes name them. */
  operations: Readonly<Record<string, EndpointDocs>>;
}
