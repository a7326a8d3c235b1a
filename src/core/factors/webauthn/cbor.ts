// Where an item of CBOR ends, and whether it is in canonical form. What it holds is of no interest here: see
// authenticator-data.ts.

/** Extensions nest two or three deep; what is deeper is an attack on the stack. */
const MAX_DEPTH = 8;

const TEXT = 3;
const MAP = 5;
const FALSE = 20;
const NULL = 22;

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

interface Head {
  major: number;
  argument: number;
  end: number;
}

/** The head that begins at `at`; null if it is cut off, indefinite, or longer than its argument needs. */
const readHead = (bytes: Uint8Array, at: number): Head | null => {
  const first = bytes[at];
  if (first === undefined) return null;
  const [major, info] = [first >> 5, first & 0x1f];
  if (info < 24) return { major, argument: info, end: at + 1 };
  if (info > 27) return null;
  const width = 1 << (info - 24);
  const digits = bytes.subarray(at + 1, at + 1 + width);
  if (digits.byteLength < width) return null;
  const argument = digits.reduce((sum, digit) => sum * 256 + digit, 0);
  const least = width === 1 ? 24 : 256 ** (width / 2);
  return argument < least ? null : { major, argument, end: at + 1 + width };
};

/** The end of the item that begins at `at`; null if it is broken, cut off, too deep or not canonical. */
const endOfItem = (bytes: Uint8Array, at: number, depth: number): number | null => {
  const head = readHead(bytes, at);
  if (!head || depth > MAX_DEPTH) return null;
  const { major, argument, end } = head;
  switch (major) {
    case 0:
    case 1:
      return end;
    case 2:
      return end + argument <= bytes.byteLength ? end + argument : null;
    case TEXT:
      return readText(bytes, head) === null ? null : end + argument;
    case 4:
      return endOfList(bytes, head, depth + 1);
    case MAP:
      return endOfMap(bytes, head, depth + 1);
    case 7:
      return argument >= FALSE && argument <= NULL ? end : null;
    default:
      // Tags: no extension has one.
      return null;
  }
};

const readText = (bytes: Uint8Array, { argument, end }: Head): string | null => {
  if (end + argument > bytes.byteLength) return null;
  try {
    return strictUtf8.decode(bytes.subarray(end, end + argument));
  } catch {
    return null;
  }
};

const endOfList = (bytes: Uint8Array, { argument, end }: Head, depth: number): number | null => {
  let at: number | null = end;
  for (let item = 0; item < argument && at !== null; item += 1) at = endOfItem(bytes, at, depth);
  return at;
};

/** Keys are texts, each once. */
const endOfMap = (bytes: Uint8Array, { argument, end }: Head, depth: number): number | null => {
  const keys = new Set<string>();
  let at: number | null = end;
  for (let pair = 0; pair < argument && at !== null; pair += 1) {
    const head = readHead(bytes, at);
    const key = head?.major === TEXT ? readText(bytes, head) : null;
    if (!head || key === null || keys.has(key)) return null;
    keys.add(key);
    at = endOfItem(bytes, head.end + head.argument, depth);
  }
  return at;
};

/**
 * Whether the bytes are one map in canonical form and nothing else: what follows the authenticator data where its
 * flag says that there are extensions.
 * @see https://www.w3.org/TR/webauthn-3/#sctn-extension-id
 * @see https://www.rfc-editor.org/rfc/rfc8949#section-3
 */
export const isOneMap = (bytes: Uint8Array): boolean =>
  (bytes[0] ?? 0) >> 5 === MAP && endOfItem(bytes, 0, 0) === bytes.byteLength;
