// Requests for the fuzzer: every route, with valid and hostile paths, headers and bodies.
import { dialects } from '../../src/dialects/index.ts';
import { routePathOf } from '../../src/http/mount.ts';
import { pages } from '../../src/pages/surface.ts';
import { services } from '../../src/services/index.ts';
import { type Body, createBody } from './bodies.ts';
import type { Dice } from './dice.ts';
import { hostileTexts, type Known } from './values.ts';

export interface Shot {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: Body | null;
  /** The request in one line for printing, with live tokens by their names. */
  shown: string;
}

interface Route {
  method: string;
  path: string;
}

/** As they are mounted: a new endpoint is fuzzed without a change here. */
export const routes: [Route, ...Route[]] = [
  { method: 'GET', path: '/' },
  ...[...dialects, ...services, pages].flatMap((surface) =>
    surface.endpoints.map((each) => ({ method: each.method, path: routePathOf(surface, each) })),
  ),
];

/** The fields of all bodies; most endpoints need only the first few. */
const FIELDS = ['username', 'identifier', 'email', 'password', 'name', 'first_name', 'last_name'];
const MORE_FIELDS = ['address', 'site_url', 'siteUrl', 'description', 'currentPassword', 'newPassword'];
const OTHER_FIELDS = ['firstName', 'lastName', 'id', 'pictureId', 'session'];
const ALL_FIELDS = [...FIELDS, ...MORE_FIELDS, ...OTHER_FIELDS];

/** Ids that no account of the run has. */
const oddIds: [string, ...string[]] = [
  '0',
  '00',
  '987654321',
  '9'.repeat(30),
  '9'.repeat(400),
  'x',
  '%31',
  '-1',
];

const fill = (path: string, dice: Dice, known: Known): string =>
  path.replace(/:\w+(\{[^/]*\})?/g, (parameter) => {
    if (dice.percent(10)) return dice.pick(oddIds);
    return dice.pick(parameter.includes('{64}') ? known.sessionIds : known.ids);
  });

const queries: [string, ...string[]] = [
  '?limit=2',
  '?limit=0&after=3',
  '?limit=-5&after=-5',
  '?limit=1e3&after=1e400',
  '?limit=9999999999999999999&after=9999999999999999999',
  '?limit=x&after=x',
  '?limit=NaN&after=Infinity',
  '?limit=&after=',
  '?limit[]=1&limit=2&limit=3',
  '?after=1.5',
  '?after=email:1',
  '?search=u&after=name:999999999999999',
  '?search=u&after=username:1',
  `?search=${'%25'.repeat(500)}`,
  '?search=%00',
  '?search=%ED%A0%80',
  '?search=f&limit=1',
  `?search=${'a'.repeat(3_000)}`,
  '?%',
  '?%E0%A4%A=%E0%A4%A',
  '?__proto__=1&constructor=2',
];

const bend = (path: string, dice: Dice): string => {
  const query = dice.percent(path.includes('admin') || path.includes('events') ? 60 : 10)
    ? dice.pick(queries)
    : '';
  if (dice.percent(40)) return `${path}/${query}`;
  if (dice.percent(94)) return path + query;
  return dice.pick([
    `${path}//`,
    `/${path}`,
    path.toUpperCase(),
    `/${path.slice(1).replaceAll('/', '%2F')}`,
    `${path}/../login`,
    `${path};a=b`,
    `${path}%00`,
    `${path}%E0%A4%A`,
    `${path}/%F0%9F%99%82`,
    `${path}/${'a/'.repeat(500)}`,
    `${path}.json`,
    `${path}?${'a=b&'.repeat(2_000)}`,
  ]);
};

interface Credited {
  headers: Record<string, string>;
  shown: string;
}

const credit = (dice: Dice, known: Known): Credited => {
  const headers: Record<string, string> = {};
  let shown = '';
  if (dice.percent(55)) {
    const { name, value } = dice.pick(known.tokens);
    const scheme = dice.pick(['Token ', 'Bearer ', 'bearer  ', 'TOKEN\t', '']);
    const bad = dice.pick([
      value.slice(0, -1),
      `${value}.`,
      `${value} ${value}`,
      value.toUpperCase(),
      'x'.repeat(9_000),
      '',
    ]);
    const isGood = dice.percent(80);
    headers['Authorization'] = scheme + (isGood ? value : bad);
    shown += ` Authorization: ${scheme}${isGood ? `<${name}>` : `<not ${name}>`}`;
  }
  if (dice.percent(35)) {
    const { name, value } = dice.pick(known.cookies);
    const isGood = dice.percent(80);
    const text = isGood
      ? `sessionid=${value}`
      : dice.pick(['sessionid=', 'sessionid=%', ';;=;', `sessionid="${value}`]);
    headers['Cookie'] = dice.percent(85) ? text : `device=${'1.'.repeat(50)}; ${text}; a=b`;
    shown += ` Cookie: ${isGood ? `<${name}>` : text}`;
  }
  return { headers, shown };
};

const oddHeaders: [[string, string], ...[string, string][]] = [
  ['Origin', 'https://latchkey.test'],
  ['Origin', 'https://evil.test'],
  ['Origin', 'null'],
  ['Sec-Fetch-Site', 'cross-site'],
  ['Sec-Fetch-Site', 'same-origin'],
  ['Accept', 'text/html'],
  ['Accept', 'application/xml;q=0.9, */*;q=0.1'],
  ['User-Agent', 'x'.repeat(4_000)],
  ['CF-Connecting-IP', '192.0.2.1'],
  ['CF-Connecting-IP', '2001:db8::1'],
  ['CF-Connecting-IP', ':::::'],
  ['X-HTTP-Method-Override', 'DELETE'],
  ['X-Forwarded-Host', 'evil.test'],
  ['X-Request-Id', 'mine'],
  ['Access-Control-Request-Method', 'PUT'],
  ['Content-Encoding', 'gzip'],
  ['Range', 'bytes=0-1'],
  ['If-None-Match', '*'],
];

const oddMethods: [string, ...string[]] = [
  'GET',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'HEAD',
  'OPTIONS',
  'PROPFIND',
];

/** The next request. `fresh` is a name that no account has. */
export const createShot = (dice: Dice, known: Known, fresh: string): Shot => {
  const route = dice.pick(routes);
  const method = dice.percent(90) ? route.method : dice.pick(oddMethods);
  const path = dice.percent(98)
    ? bend(fill(route.path, dice, known), dice)
    : `/${encodeURI(dice.pick(hostileTexts).toWellFormed())}`;
  const credited = credit(dice, known);
  const headers = { ...credited.headers };
  if (dice.percent(25)) {
    const [name, value] = dice.pick(oddHeaders);
    headers[name] = value;
  }
  const hasBody = method !== 'GET' && method !== 'HEAD' && dice.percent(90);
  const body = hasBody ? createBody(dice.percent(80) ? FIELDS : ALL_FIELDS, dice, known, fresh) : null;
  const others = Object.entries(headers).filter(([name]) => name !== 'Authorization' && name !== 'Cookie');
  const text = body ? JSON.stringify(new TextDecoder().decode(body.bytes)).slice(0, 500) : '';
  const shown = `${method} ${path.slice(0, 300)}${credited.shown} ${JSON.stringify(others).slice(0, 200)} ${body?.mediaType ?? ''} ${text}`;
  return { method, path, headers, body, shown };
};
