// One row of the tour: a request, what must come back, what came, and the verdict.
import type { Answer, Request, Send } from './client.ts';
import { compare, type Difference, type Expected } from './compare.ts';
import { showShape } from './shape.ts';

export type Row = {
  dialect: string;
  request: string;
  expected: string;
  got: string;
  /** Empty: the contract is kept. */
  differences: Difference[];
  /** What a reader should know of a difference, where it may be meant. */
  hint: string | null;
};

/**
 * Sends a request, compares the answer, and reports the row. Returns the answer for the requests that follow;
 * null if none came, so that the tour goes on and each of them tells its own story.
 */
export type Check = (
  label: string,
  request: Request,
  expected: Expected,
  hint?: string,
) => Promise<Answer | null>;

/** Gives a dialect its `check`. */
export type CheckFor = (dialect: string) => Check;

/** How a caller stops a running tour: its next check throws. */
export class Stopped extends Error {}

const describe = ({ method, path }: Request, label: string): string =>
  label === '' ? `${method} ${path}` : `${method} ${path}  ${label}`;

export const createCheckFor =
  (send: Send, secure: boolean, report: (row: Row) => void, isStopped: () => boolean): CheckFor =>
  (dialect) =>
  async (label, request, want, hint) => {
    if (isStopped()) throw new Stopped();
    const expected = `${want.status} ${want.body === undefined ? want.mediaType : showShape(want.body)}`;
    const row = { dialect, request: describe(request, label), expected, hint: hint ?? null };
    try {
      const answer = await send(request);
      const shown = want.body === undefined ? answer.headers['content-type'] : answer.text;
      report({ ...row, got: `${answer.status} ${shown}`, differences: compare(want, answer, secure) });
      return answer;
    } catch (error) {
      const got = error instanceof Error ? error.message : String(error);
      report({ ...row, got, differences: [{ part: 'answer', expected, got }] });
      return null;
    }
  };
