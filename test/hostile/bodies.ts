// Bodies for the fuzzer: JSON, forms and multipart, whole and broken, under the right media type and others.
import type { Dice } from './dice.ts';
import { hostileTexts, type Known, oddKeys, valueFor } from './values.ts';

export interface Body {
  bytes: Uint8Array<ArrayBuffer>;
  mediaType: string | null;
}

const utf8 = new TextEncoder();
const BOUNDARY = 'fuzz-boundary-7f81';

/** Fields by name; now and then one is missing, duplicate or unknown. */
const fieldsFor = (
  names: readonly string[],
  dice: Dice,
  known: Known,
  fresh: string,
): [string, unknown][] => {
  const fields: [string, unknown][] = [];
  for (const name of names) {
    if (!dice.percent(6)) fields.push([name, valueFor(name, dice, known, fresh)]);
    if (dice.percent(2)) fields.push([name, valueFor(name, dice, known, fresh)]);
  }
  if (dice.percent(8)) fields.push([dice.pick(oddKeys), dice.pick<unknown>(['x', 1, {}, { isAdmin: true }])]);
  if (dice.percent(2)) for (let n = 0; n < 1_500; n += 1) fields.push([`k${n}`, n]);
  return fields;
};

/** Written by hand: `JSON.stringify` would lose a duplicate key. */
const writeJson = (fields: readonly [string, unknown][]): string =>
  `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`;

const wholeJson: [string, ...string[]] = [
  'null',
  'true',
  '7',
  '1e999',
  '"text"',
  '[]',
  '[{"username":"a"}]',
  '{}',
  '',
  ' ',
  '{',
  '{"a":}',
  '{"a":1}}',
  "{'a':1}",
  '{"a":01}',
  'undefined',
  '\ufeff{}',
  '{"\\ud800":"\\udc00\\ud800"}',
  '['.repeat(30_000),
  `${'['.repeat(30_000)}${']'.repeat(30_000)}`,
  `{"email":${'{"a":'.repeat(8_000)}1${'}'.repeat(8_000)},"password":"x"}`,
  `{"email":${'['.repeat(60)}1${']'.repeat(60)},"password":1}`,
  `{"password":"${'x'.repeat(70_000)}"}`,
  `{"username":${'9'.repeat(20_000)},"email":1e-400,"password":-0.0}`,
];

const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

const writeForm = (fields: readonly [string, unknown][], dice: Dice): string => {
  const whole = new URLSearchParams(fields.map(([name, value]) => [name, asText(value)])).toString();
  return dice.percent(85)
    ? whole
    : whole + dice.pick(['&&&', '&=', '&%', '&a=%f0%28', `&${'a=b&'.repeat(3_000)}`]);
};

const writeMultipart = (fields: readonly [string, unknown][], dice: Dice): string => {
  const parts = fields.map(([name, value]) => {
    const file = dice.percent(8) ? '; filename="a.txt"\r\nContent-Type: text/plain' : '';
    return `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name.replaceAll('"', '%22')}"${file}\r\n\r\n${asText(value)}\r\n`;
  });
  const whole = `${parts.join('')}--${BOUNDARY}--\r\n`;
  if (dice.percent(80)) return whole;
  return dice.pick([
    parts.join(''),
    whole.replaceAll('\r\n', '\n'),
    whole.replace('form-data', 'attachment'),
    whole.replace('name=', 'nome='),
    `--${BOUNDARY}--`,
    `--${BOUNDARY}\r\n\r\n`,
    whole.slice(0, dice.below(whole.length)),
    `preamble\r\n${whole}epilogue`,
  ]);
};

const oddTypes: [string | null, ...(string | null)[]] = [
  null,
  '',
  'text/plain',
  'application/json; charset=utf-8',
  'application/json; charset=utf-16',
  'APPLICATION/JSON',
  'application/json, text/plain',
  'application/problem+json',
  'application/jsonp',
  'multipart/form-data',
  'multipart/form-data; boundary=',
  'multipart/form-data; boundary="',
  `multipart/form-data; boundary=${'b'.repeat(200)}`,
  'multipart/mixed; boundary=x',
  'application/x-www-form-urlencoded; charset=latin1',
  ';;;',
  'application/octet-stream',
];

const write = (fields: readonly [string, unknown][], dice: Dice): { text: string; mediaType: string } => {
  const kind = dice.below(100);
  if (kind < 65) return { text: writeJson(fields), mediaType: 'application/json' };
  if (kind < 78) return { text: writeForm(fields, dice), mediaType: 'application/x-www-form-urlencoded' };
  if (kind < 90)
    return { text: writeMultipart(fields, dice), mediaType: `multipart/form-data; boundary=${BOUNDARY}` };
  return { text: dice.pick([dice.pick(wholeJson), dice.pick(hostileTexts)]), mediaType: 'application/json' };
};

/** Inserts, removes or changes some bytes. */
const damage = (bytes: Uint8Array<ArrayBuffer>, dice: Dice): Uint8Array<ArrayBuffer> => {
  const at = dice.below(bytes.length + 1);
  switch (dice.below(4)) {
    case 0:
      return bytes.slice(0, at);
    case 1:
      return Uint8Array.of(...bytes.slice(0, at), 0xff, 0xfe, 0xc0, ...bytes.slice(at));
    case 2:
      return bytes.map((byte, index) => (index === at ? byte ^ (1 << dice.below(8)) : byte));
    default:
      return Uint8Array.of(0xef, 0xbb, 0xbf, ...bytes);
  }
};

/** A body with these fields, valid or not. */
export const createBody = (names: readonly string[], dice: Dice, known: Known, fresh: string): Body => {
  const { text, mediaType } = write(fieldsFor(names, dice, known, fresh), dice);
  const bytes = new Uint8Array(utf8.encode(text));
  return {
    bytes: dice.percent(6) && bytes.length < 20_000 ? damage(bytes, dice) : bytes,
    mediaType: dice.percent(92) ? mediaType : dice.pick(oddTypes),
  };
};
