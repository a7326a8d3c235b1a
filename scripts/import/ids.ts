// `--write-ids`: a list of old and new ids, for other tables that reference the old ids.
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';

export interface IdPair {
  /** The id in the file: a number, a UUID or an ObjectId. */
  sourceId: string;
  /** The id in Latchkey. */
  id: number;
}

export interface IdList {
  add(pairs: readonly IdPair[]): void;
  /** The length of the file in bytes, at which an interrupted import continues. */
  bytes(): number;
  close(): void;
}

const HEADER = 'old_id,new_id\n';

/** https://www.rfc-editor.org/rfc/rfc4180 */
const quote = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/**
 * Opens the list. Only its owner can read it.
 *
 * @param before its length at the last checkpoint; 0 to start a new list
 */
export const createIdList = (path: string, before: number): IdList => {
  const file = openSync(path, before === 0 ? 'w' : 'r+', 0o600);
  // The rest was written after the checkpoint and will be written again.
  ftruncateSync(file, before);
  let bytes = before;
  const write = (text: string) => {
    bytes += writeSync(file, text, bytes);
  };
  if (before === 0) write(HEADER);
  return {
    add(pairs) {
      if (pairs.length > 0) write(pairs.map(({ sourceId, id }) => `${quote(sourceId)},${id}\n`).join(''));
    },
    bytes: () => bytes,
    close: () => closeSync(file),
  };
};
