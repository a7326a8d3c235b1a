// `id`: the export of an account as one JSON file. Streamed, because the audit log can be long.
import type { Core, EventView, Principal, SessionCursor, SessionView } from '../../core/index.ts';
import { showAccount, showApp, showAppPassword, showEvent, showFactor, showSession } from './views.ts';

/**
 * Rows per query of D1: few enough for an isolate's memory, however long the user agents are, and enough that a million
 * events take 200 queries of the 1,000 that D1 allows a request.
 */
const ROWS_AT_ONCE = 5_000;

/** The account, its first sessions and events are read before the response, so that a D1 that is down gives 503. */
const PARTS_BEFORE_STATUS = 4;

async function* sessionsOf(core: Core, accountId: number): AsyncGenerator<readonly SessionView[]> {
  let after: SessionCursor | null = null;
  do {
    const page = await core.sessions.list(accountId, { after, limit: ROWS_AT_ONCE });
    yield page.sessions;
    after = page.next;
  } while (after !== null);
}

async function* eventsOf(core: Core, accountId: number): AsyncGenerator<readonly EventView[]> {
  let beforeId: number | null = null;
  for (let isFull = true; isFull; ) {
    const page: EventView[] = await core.auditLog.list(accountId, {
      beforeId,
      limit: ROWS_AT_ONCE,
      reader: 'owner',
    });
    yield page;
    beforeId = page.at(-1)?.id ?? null;
    isFull = page.length === ROWS_AT_ONCE;
  }
}

/** The rows of an array, separated by commas, page by page. */
async function* writeRows<T>(pages: AsyncIterable<readonly T[]>, show: (row: T) => unknown) {
  let separator = '';
  for await (const page of pages) {
    if (page.length === 0) continue;
    yield separator + page.map((row) => JSON.stringify(show(row))).join(',');
    separator = ',';
  }
}

async function* writeFile(core: Core, { account, session }: Principal, origin: string) {
  yield `{"account":${JSON.stringify(showAccount(account, origin))},"sessions":[`;
  yield* writeRows(sessionsOf(core, account.id), (row) => showSession(row, session.id));
  yield '],"events":[';
  yield* writeRows(eventsOf(core, account.id), showEvent);
  // Name and time only: no secret, key or hash is exported.
  const { factors, appPasswords } = await (await core.factors()).list(account.id);
  // A deployment without signing keys signs people in to no app.
  const apps = (await (await core.provider())?.listApps(account.id)) ?? [];
  const show = {
    factors: factors.map(showFactor),
    appPasswords: appPasswords.map(showAppPassword),
    apps: apps.map(showApp),
  };
  yield `],${JSON.stringify(show).slice(1)}`;
}

/**
 * The file as a stream that reads from D1 only as fast as its client reads it: at most one page of rows is in memory.
 * Throws StoreUnavailable if D1 fails before the first rows are read. A later failure aborts the stream, so that no
 * client mistakes a part for the whole.
 */
export const streamExport = async (
  core: Core,
  principal: Principal,
  origin: string,
): Promise<ReadableStream<Uint8Array>> => {
  const file = writeFile(core, principal, origin);
  const utf8 = new TextEncoder();
  const waiting: string[] = [];
  while (waiting.length < PARTS_BEFORE_STATUS) {
    const part = await file.next();
    if (part.done) break;
    waiting.push(part.value);
  }
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const early = waiting.shift();
        const part = early === undefined ? await file.next() : { done: false, value: early };
        if (part.done) controller.close();
        else controller.enqueue(utf8.encode(part.value ?? ''));
      },
      async cancel() {
        await file.return();
      },
    },
    // The next part is generated when the client reads, not ahead of it.
    { highWaterMark: 0 },
  );
};
