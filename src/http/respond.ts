// Sends replies and refusals.
import type { Context } from 'hono';
import type { AppEnv } from './context.ts';
import type { Place, Problem, Reply } from './problem.ts';

/** Sends a reply, with the headers that middleware has set. */
export const send = (c: Context<AppEnv>, { status, body, headers, statusText }: Reply): Response => {
  const response = c.newResponse(JSON.stringify(body), status, {
    'Content-Type': 'application/json',
    ...headers,
  });
  return statusText === undefined ? response : new Response(response.body, { ...init(response), statusText });
};

const init = ({ status, headers }: Response): ResponseInit => ({ status, headers });

/** Refuses a request in the words of its surface. A promise if its module must be loaded first. */
export const respondProblem = (c: Context<AppEnv>, problem: Problem): Response | Promise<Response> => {
  const dialect = c.get('surface');
  c.set('refused', problem.reason);
  if (dialect.refuse) return dialect.refuse(c, problem);
  const place: Place = {
    // The path that Hono routes by: decoded.
    path: c.req.path.slice(dialect.basePath.length).replace(/\/$/, ''),
    get origin() {
      return originOf(c);
    },
  };
  const reply = withRetryAfter(problem, dialect.problem(problem, place));
  return (dialect.send ?? send)(c, reply);
};

const withRetryAfter = (problem: Problem, reply: Reply): Reply =>
  'retryAfterSeconds' in problem
    ? { ...reply, headers: { ...reply.headers, 'Retry-After': String(problem.retryAfterSeconds) } }
    : reply;

/** The service's origin, as the client names it. */
export const originOf = (c: Context<AppEnv>): string => new URL(c.req.url).origin;
