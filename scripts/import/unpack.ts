// Converts files that are compressed or in another encoding to plain UTF-8 files, so that readers can start again.
import { closeSync, createReadStream, createWriteStream, openSync, readSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { InputError, type OnProgress } from './records.ts';
import { createScratchFolder, type ScratchFolder } from './scratch-folder.ts';

/** A plain file with the content of the input. */
export interface PlainFile {
  path: string;
  /** The file name without the suffix of the compression. */
  name: string;
  /** The first bytes. */
  head: Buffer;
  bytes: number;
  close(): void;
}

const HEAD_BYTES = 64 * 1024;

const readHead = (path: string): Buffer => {
  const file = openSync(path, 'r');
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    return head.subarray(0, readSync(file, head));
  } finally {
    closeSync(file);
  }
};

const plain = (path: string, name: string, close: () => void): PlainFile => ({
  path,
  name,
  head: readHead(path),
  bytes: statSync(path).size,
  close,
});

/** Passes bytes through and counts them. */
const counting = (onBytes: (bytes: number) => void): Transform => {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      onBytes(bytes);
      done(null, chunk);
    },
  });
};

const isPerson = (entry: Entry): boolean =>
  !entry.fileName.endsWith('/') && !/(?:^|\/)(?:__MACOSX\/|\.)/.test(entry.fileName);

const findEntry = async (zip: ZipFile): Promise<Entry> => {
  const entries: Entry[] = [];
  for await (const entry of zip.eachEntry()) if (isPerson(entry)) entries.push(entry);
  const [entry, ...more] = entries;
  if (entry === undefined) throw new InputError('The ZIP archive is empty.');
  if (more.length > 0)
    throw new InputError(
      `The ZIP archive has several files: ${entries.map(({ fileName }) => fileName).join(', ')}. Unpack it, and import the one with the users.`,
    );
  return entry;
};

const unpack = async (from: Readable, through: readonly NodeJS.ReadWriteStream[], to: string) => {
  try {
    await pipeline([from, ...through, createWriteStream(to, { mode: 0o600 })]);
  } catch (error) {
    throw new InputError(`It cannot be unpacked: ${error instanceof Error ? error.message : error}.`);
  }
};

/** https://www.rfc-editor.org/rfc/rfc1952#section-2.3.1 */
const isGzip = (head: Buffer): boolean => head[0] === 0x1f && head[1] === 0x8b;
const isZip = (head: Buffer): boolean => head.subarray(0, 4).toString('latin1') === 'PK\x03\x04';

const unwrap = async (path: string, head: Buffer, folder: ScratchFolder, onProgress: OnProgress) => {
  const size = statSync(path).size;
  const tell = counting((bytes) => onProgress(bytes, bytes / size, 'bytes unpacked'));
  const to = folder.path('input');
  if (isGzip(head)) {
    await unpack(createReadStream(path), [tell, createGunzip()], to);
    return { to, name: basename(path).replace(/\.gz$/i, '') };
  }
  const zip = await openPromise(path, { autoClose: false }).catch((error: unknown) => {
    throw new InputError(`The ZIP archive is damaged: ${error instanceof Error ? error.message : error}.`);
  });
  try {
    const entry = await findEntry(zip);
    const bytes = counting((done) =>
      onProgress(done, done / Math.max(1, entry.uncompressedSize), 'bytes unpacked'),
    );
    await unpack(await zip.openReadStreamPromise(entry), [bytes], to);
    return { to, name: entry.fileName };
  } finally {
    zip.close();
  }
};

/** The standard name of an encoding; null if it is unknown. https://encoding.spec.whatwg.org/#names-and-labels */
export const findEncoding = (label: string): string | null => {
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return null;
  }
};

/** The encoding that a file declares: by its byte order mark, or in the first line of XML. */
const encodingOf = (head: Buffer): string => {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  const said = /^(?:\xef\xbb\xbf)?<\?xml [^>]*?encoding=["']([\w-]+)["']/.exec(head.toString('latin1'))?.[1];
  const found = said === undefined ? null : findEncoding(said);
  // A declaration that can be read as bytes is not in UTF-16, even if it says so.
  return found === null || found.startsWith('utf-16') ? 'utf-8' : found;
};

/** Converts the file to UTF-8. */
const toUtf8 = async (path: string, encoding: string, to: string, onProgress: OnProgress) => {
  const size = statSync(path).size;
  const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: false });
  let bytes = 0;
  const decode = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      onProgress(bytes, bytes / size, 'bytes decoded');
      try {
        done(null, Buffer.from(decoder.decode(chunk, { stream: true })));
      } catch {
        done(new InputError(`It is not ${encoding}.`));
      }
    },
    flush(done) {
      try {
        done(null, Buffer.from(decoder.decode()));
      } catch {
        done(new InputError(`It is not ${encoding}: its last character is cut off.`));
      }
    },
  });
  await pipeline(createReadStream(path), decode, createWriteStream(to, { mode: 0o600 }));
};

/**
 * Opens a file. If it is compressed with gzip or ZIP, or is not UTF-8, opens a copy, which is removed at the end.
 *
 * @param encoding the encoding that the operator named; null to detect it: UTF-8 if the file declares none
 * @throws InputError if it cannot be unpacked or decoded
 */
export const openPlain = async (
  path: string,
  encoding: string | null,
  onProgress: OnProgress,
): Promise<PlainFile> => {
  const head = readHead(path);
  const isPacked = isGzip(head) || isZip(head);
  if (!isPacked && (encoding ?? encodingOf(head)) === 'utf-8') return plain(path, basename(path), () => {});
  const folder = createScratchFolder('input');
  try {
    const { to, name } = isPacked
      ? await unwrap(path, head, folder, onProgress)
      : { to: path, name: basename(path) };
    const found = encoding ?? encodingOf(readHead(to));
    if (found === 'utf-8') return plain(to, name, folder.remove);
    const decoded = folder.path('decoded');
    await toUtf8(to, found, decoded, onProgress);
    return plain(decoded, name, folder.remove);
  } catch (error) {
    folder.remove();
    throw error;
  }
};
