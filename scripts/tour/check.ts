// One row of the tour: a request, the expected and the actual response, and the result.
import { messageOf } from '../terminal.ts';
import type { Answer, Request, Send } from './client.ts';
import { compare, type Difference, type Expected } from './compare.ts';
import { showShape } from './shape.ts';

export type Row = {
  dialect: string;
  request: string;
  expected: string;
  got: string;
  /** Empty if the response is as documented. */
  differences: Difference[];
  /** An explanation of a difference that may be intended. */
  hint: string | null;
};

/**
 * Sends a request, compares the response and reports the row. Returns the response for the following requests; null if
 * there was none, so that the tour continues.
 */
export type Check = (
  label: string,
  request: Request,
  expected: Expected,
  hint?: string,
) => Promise<Answer | null>;

/** Creates the `check` of a dialect. */
export type CheckFor = (dialect: string) => Check;

/** Stops a running tour: its next check throws. */
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
      const got = messageOf(error);
      report({ ...row, got, differences: [{ part: 'answer', expected, got }] });
      return null;
    }
  };
