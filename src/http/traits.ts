// What a middleware asks of a request, noted beside it: the reference at /openapi.json is made from these notes.
import type * as z from 'zod/mini';
import type { Requirement } from './auth/authenticate.ts';
import type { BodyOptions } from './body/body.ts';
import type { LimitName } from './context.ts';

export type Trait =
  | { asks: 'body'; schema: z.ZodMiniObject; options: BodyOptions }
  | { asks: 'login'; requirement: Requirement }
  | { asks: 'admin' }
  | { asks: 'guard'; endpoint: LimitName; foreignPages: 'pass' | 'refused' };

const traits = new WeakMap<object, Trait>();

/** Notes what a middleware asks, and gives the middleware back. Requests do not look at it. */
export const withTrait = <H extends object>(middleware: H, trait: Trait): H => {
  traits.set(middleware, trait);
  return middleware;
};

/** What was noted; undefined for a handler, which asks nothing. */
export const traitOf = (middleware: object): Trait | undefined => traits.get(middleware);
