// `id`: refusals with types for its typed client, which distinguishes them by `ok`.
import type { Context, TypedResponse } from 'hono';
import { type SessionError, toProblem } from '../../http/auth/session-actions.ts';
import type { AppEnv } from '../../http/context.ts';
import type { Refusal as DocumentedRefusal } from '../../http/docs.ts';
import type { Problem } from '../../http/problem.ts';
import { respondProblem } from '../../http/respond.ts';

/** @see https://www.rfc-editor.org/rfc/rfc9457#section-3 */
export interface ProblemDetails {
  type: string;
  title: string;
  status: number;
  detail?: string;
  code: string;
  errors?: { name: string; code: string; message: string }[];
}

type RefusalStatus = 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 429 | 500 | 503;
export type Refusal = Response & TypedResponse<ProblemDetails, RefusalStatus, 'json'>;

// The type of a response's body exists at compile time only, as in Hono's `c.json`.
export const refuse = (c: Context<AppEnv>, problem: Problem): Refusal =>
  respondProblem(c, problem) as Refusal;

export const refuseError = (c: Context<AppEnv>, error: SessionError): Refusal =>
  refuse(c, toProblem(c, error));

/** The refusals of handlers, for the reference. */
export const noSuch: DocumentedRefusal = { summary: 'there is none', problem: { reason: 'not_found' } };
export const lastAdmin: DocumentedRefusal = {
  summary: 'the last admin',
  problem: { reason: 'last_admin' },
};
