// `npm run tour -- [url]`: sends every documented example to a running server and compares the responses.
import { randomBytes } from 'node:crypto';
import { printError } from './terminal.ts';
import { type CheckFor, createCheckFor, type Row, Stopped } from './tour/check.ts';
import { removeAll } from './tour/clean-up.ts';
import { createSend, get, type Send } from './tour/client.ts';
import { tourCrossings } from './tour/crossings.ts';
import { tourAccount, tourDeletion } from './tour/examples-account.ts';
import { tourAuth } from './tour/examples-auth.ts';
import { tourConjugator } from './tour/examples-conjugator.ts';
import { tourUserV1 } from './tour/examples-user-v1.ts';
import { tourUsers } from './tour/examples-users.ts';
import { makePeople, type People } from './tour/people.ts';
import { createTable } from './tour/table.ts';

const DEFAULT_URL = 'http://127.0.0.1:8787';

/** 8 hexadecimal digits fit into a username of `user-v1`, and are enough for accounts that exist for seconds. */
const SUFFIX_BYTES = 4;

const BROKEN_STATUS = 1;
const UNREACHABLE_STATUS = 2;
/** Exit status: 128 + SIGINT. */
const STOPPED_STATUS = 130;

const readOrigin = (args: readonly string[]): string | null => {
  const url = args.length <= 1 ? URL.parse(args[0] ?? DEFAULT_URL) : null;
  return url !== null && /^https?:$/.test(url.protocol) ? url.origin : null;
};

/** The examples of each dialect, then every account through every other dialect, then the deletion. */
const visit = async (checkFor: CheckFor, people: People, origin: string): Promise<void> => {
  const users = await tourUsers(checkFor, people);
  const userV1 = await tourUserV1(checkFor, people);
  const conjugator = await tourConjugator(checkFor, people, origin);
  const account = await tourAccount(checkFor, people);
  const auth = await tourAuth(checkFor, people);

  await tourCrossings(checkFor, people.users, users);
  await tourCrossings(checkFor, people.userV1, userV1);
  await tourCrossings(checkFor, people.conjugator, conjugator);
  await tourCrossings(checkFor, people.account, account);
  await tourCrossings(checkFor, people.auth, auth);

  await tourDeletion(checkFor, people, account);
};

/** Why the server does not respond; null if it does. */
const whyUnreachable = (send: Send): Promise<string | null> =>
  send(get('/')).then(
    () => null,
    (error: unknown) => (error instanceof Error ? error.message || error.name : String(error)),
  );

const main = async (): Promise<number> => {
  const args = process.argv.slice(2);
  const origin = readOrigin(args[0] === '--' ? args.slice(1) : args);
  if (origin === null) {
    printError(`Usage: npm run tour -- [url]   (default: ${DEFAULT_URL})`);
    return UNREACHABLE_STATUS;
  }
  const send = createSend(origin, (seconds) => printError(`Throttled: waiting ${seconds} s, as asked.`));
  const reason = await whyUnreachable(send);
  if (reason !== null) {
    printError(
      `No server answers at ${origin}: ${reason}\nStart one with \`npm start\`, or give its address.`,
    );
    return UNREACHABLE_STATUS;
  }

  // Ctrl-C or a closed pipe (`| head`) stops the tour, not the removal of its accounts. A second Ctrl-C stops that too.
  let isStopped = false;
  const stop = () => {
    isStopped = true;
  };
  process.once('SIGINT', stop);
  process.stdout.on('error', stop);
  const table = createTable(process.stdout, Boolean(process.env.NO_COLOR));
  const rows: Row[] = [];
  const report = (row: Row) => {
    rows.push(row);
    table.printRow(row);
  };
  const people = makePeople(randomBytes(SUFFIX_BYTES).toString('hex'));
  const checkFor = createCheckFor(send, origin.startsWith('https:'), report, () => isStopped);

  table.printHead();
  try {
    await visit(checkFor, people, origin);
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  } finally {
    const left = await removeAll(send, Object.values(people));
    if (left.length > 0) table.printLine(`Perhaps left behind: ${left.join(', ')}`);
  }
  const broken = rows.filter(({ differences }) => differences.length > 0).length;
  table.printLine(
    `\n${rows.length - broken} kept, ${broken} broken${isStopped ? ', stopped before the end' : ''}`,
  );
  if (isStopped) return STOPPED_STATUS;
  return broken === 0 ? 0 : BROKEN_STATUS;
};

process.exitCode = await main();
