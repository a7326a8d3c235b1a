// Rules that every answer must keep, whatever was sent.
import type { Answer } from '../support/worker.ts';
import type { Shot } from './requests.ts';
import { findMisshape, isDocumented500, isOfDialect } from './shapes.ts';

/** Signs of internals: the database, tools, files, a stack, an undefined value. */
const INTERNALS =
  /SQLITE|D1_|drizzle|\bselect "|\binsert into\b|\bfrom "|constraint failed|login_failures|password_hash|username_key|email_key|pbkdf2|session:[0-9a-f]|\bat .{1,80}:\d+:\d+|node_modules|\bsrc\/|\.tsx?\b|\.mjs\b|undefined|\[object|\bNaN\b|TypeError|RangeError|ZodError|Miniflare|workerd/i;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Everything that is wrong with an answer, in words; empty if nothing is. */
export const findFaults = (shot: Shot, answer: Answer, bystander: string): string[] => {
  const { status, text, headers } = answer;
  const faults: string[] = [];
  const isHead = shot.method === 'HEAD';
  if (status >= 500 && !isDocumented500(shot.path, answer) && !(isHead && status === 500))
    faults.push(`status ${status}`);
  if (status < 200 || status > 599) faults.push(`status ${status}`);
  if (!UUID.test(headers.get('X-Request-Id') ?? '')) faults.push('no X-Request-Id');
  if (headers.get('Cache-Control') !== 'no-store')
    faults.push(`Cache-Control ${headers.get('Cache-Control')}`);
  if (headers.get('X-Content-Type-Options') !== 'nosniff') faults.push('no X-Content-Type-Options');
  if (status === 405 && !headers.get('Allow')) faults.push('405 without Allow');
  if ((status === 429 || status === 503) && !/^[1-9]\d*$/.test(headers.get('Retry-After') ?? ''))
    faults.push(`${status} without Retry-After`);
  if (isHead) return text === '' ? faults : [...faults, 'HEAD with a body'];
  const misshape = findMisshape(shot.path, answer);
  if (misshape) faults.push(misshape);
  if (isOfDialect(shot.path) && status >= 300 && status < 400) faults.push('a redirect');
  const internal = INTERNALS.exec(withoutEcho(text, shot))?.[0];
  if (internal !== undefined) faults.push(`something internal: ${internal}`);
  if (!/admin|\/accounts\//.test(shot.path) && text.includes(bystander))
    faults.push('the email of a bystander');
  return faults;
};

/** A body without what was sent: auth, 405 and 415 show it, and it can be anything. */
const withoutEcho = (text: string, shot: Shot): string => {
  const sent = `${shot.path} ${shot.method} ${shot.body?.mediaType ?? ''} ${decode(shot)}`;
  return text.replace(/"(?:[^"\\]|\\.)*"/g, (quoted) =>
    quoted.length > 4 && sent.includes(quoted.slice(1, -1)) ? '""' : quoted,
  );
};

const decode = ({ body }: Shot): string => (body ? new TextDecoder().decode(body.bytes) : '');
