// Form decoding: every encoding of a text gives the same text, and bytes that are not UTF-8 are rejected.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readMultipart, readUrlEncoded } from '../../src/http/body/form.ts';

const utf8 = new TextEncoder();
/** Encodes a text of characters below U+0100 with one byte each. */
const raw = (binary: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(binary, (byte) => byte.charCodeAt(0));

const BOUNDARY = 'a-boundary-that-no-value-holds';
const MULTIPART = `multipart/form-data; boundary=${BOUNDARY}`;
const part = (name: string, value: string): string =>
  `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
const multipart = (...fields: [name: string, value: string][]): string =>
  `${fields.map(([name, value]) => part(name, value)).join('')}--${BOUNDARY}--\r\n`;

describe('readUrlEncoded', () => {
  // The expected values follow https://url.spec.whatwg.org/#urlencoded-parsing
  it.each<[form: string, fields: [string, string][]]>([
    ['password=100%pure', [['password', '100%pure']]],
    ['password=%', [['password', '%']]],
    ['password=%4', [['password', '%4']]],
    ['password=%4g%zz%%41', [['password', '%4g%zz%A']]],
    ['password=%u0041', [['password', '%u0041']]],
    ['password=%2525', [['password', '%25']]],
    ['password=a+b%2Bc', [['password', 'a b+c']]],
    ['password=a=b==', [['password', 'a=b==']]],
    ['password=%C3%A9\u00c3\u00a9', [['password', 'éé']]],
    ['password=%C3\u00a9', [['password', 'é']]],
    ['password=%EF%BB%BFx', [['password', '\ufeffx']]],
    ['password=%EF%BF%BD', [['password', '\ufffd']]],
    ['password=\u00ef\u00bf\u00bd', [['password', '\ufffd']]],
    ['password=%00', [['password', '\0']]],
    ['password=a%0D%0Ab%0D%0Ac', [['password', 'a\r\nb\r\nc']]],
    ['p%61ss%word=x', [['pass%word', 'x']]],
    ['%ef%bb%bfname=x', [['\ufeffname', 'x']]],
    ['&&a&b=&=c&', [['a', ''], ['b', ''], ['', 'c']]], // biome-ignore format: one line a case
    ['a=1&a=2', [['a', '1'], ['a', '2']]], // biome-ignore format: one line a case
  ])('decodes %s', (form, fields) => {
    expect(readUrlEncoded(raw(form))).toEqual(fields);
  });

  it.each([
    'password=secret%E9',
    'password=secret\u00e9',
    'password=%C3',
    'password=%ED%A0%80',
    'password=%C0%80',
    'pass%E9word=x',
    // A replacement character that was sent does not hide invalid bytes elsewhere.
    'name=%EF%BF%BD&password=secret%E9',
    'password=%EF%BF%BD%E9',
    'password=\u00ef\u00bf\u00bd%E9',
  ])('rejects %s, which is not UTF-8', (form) => {
    expect(readUrlEncoded(raw(form))).toBeNull();
  });

  it('decodes every text that a browser encodes', () => {
    const text = fc.string({ unit: 'binary', maxLength: 30 }).filter((some) => some.isWellFormed());
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 3 }), (fields) => {
        const encoded = new URLSearchParams(fields).toString();
        expect(readUrlEncoded(utf8.encode(encoded))).toEqual(fields);
      }),
    );
  });

  it('decodes unescaped characters as the URL standard does', () => {
    const careless = fc.string({ unit: fc.constantFrom(...'%%%+=&4aZ \r\né\0'), maxLength: 30 });
    fc.assert(
      fc.property(careless, (form) => {
        const standard = [...new URLSearchParams(`&${form}`)];
        fc.pre(!standard.flat().some((text) => text.includes('\ufffd')));
        expect(readUrlEncoded(utf8.encode(form))).toEqual(standard);
      }),
    );
  });
});

describe('readMultipart', () => {
  it.each([
    '100%pure',
    '%C3',
    'a+b',
    '\ufeffx',
    '\ufffd',
    'é',
    '\0',
    'a\r\nb\nc\r',
    '\r\n',
    '',
    '--a-boundary',
  ])('keeps the value %j unchanged', async (value) => {
    const body = utf8.encode(multipart(['name', 'x'], ['password', value]));
    expect(await readMultipart(body, MULTIPART)).toEqual([
      ['name', 'x'],
      ['password', value],
    ]);
  });

  it('decodes every well-formed text', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 30 }).filter((some) => some.isWellFormed());
    await fc.assert(
      fc.asyncProperty(text, async (value) => {
        expect(await readMultipart(utf8.encode(multipart(['password', value])), MULTIPART)).toEqual([
          ['password', value],
        ]);
      }),
    );
  });

  it.each<[string, string][]>([
    [['password', 'secret\u00e9']],
    [['pass\u00e9word', 'x']],
    // biome-ignore format: one line a case
    [['name', '\u00ef\u00bf\u00bd'], ['password', 'secret\u00e9']],
    [['password', '\u00ef\u00bf\u00bd\u00e9']],
  ])('rejects bytes that are not UTF-8: %j', async (...fields) => {
    expect(await readMultipart(raw(multipart(...fields)), MULTIPART)).toBeNull();
  });

  it('rejects a body that is truncated or has another boundary', async () => {
    const body = utf8.encode(multipart(['password', 'x']));
    expect(await readMultipart(body, 'multipart/form-data')).toBeNull();
    expect(await readMultipart(body, 'multipart/form-data; boundary=other')).toBeNull();
    expect(await readMultipart(body.subarray(0, -4), MULTIPART)).toBeNull();
  });

  it('returns null as the value of a file', async () => {
    const file = part('password', 'x').replace('"password"', '"password"; filename="a.txt"');
    expect(await readMultipart(utf8.encode(`${file}--${BOUNDARY}--\r\n`), MULTIPART)).toEqual([
      ['password', null],
    ]);
  });
});
