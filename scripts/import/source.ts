// Opens an input: detects the format and the service, and chooses the reader.
import { extname } from 'node:path';
import type { Field } from './fields.ts';
import { openCsv } from './read-csv.ts';
import { isDjangos, openDjangoDump } from './read-django.ts';
import { isJsonLines, openJsonDocument, openJsonLines } from './read-json.ts';
import { isSqlDump, loadDump } from './read-sql.ts';
import { openSqlite } from './read-sqlite.ts';
import { openXml } from './read-xml.ts';
import { isYamlList, openYaml } from './read-yaml.ts';
import { type Found, InputError, type OnProgress, type Records, type Source } from './records.ts';
import { createScratchFolder } from './scratch-folder.ts';
import { findService, SERVICES, type Service, serviceByName } from './services.ts';
import { looksLikeUsers } from './tables.ts';
import { openPlain, type PlainFile } from './unpack.ts';

const FILE_FORMATS = ['csv', 'json', 'jsonl', 'yaml', 'xml', 'sqlite', 'sql'] as const;
type FileFormat = (typeof FILE_FORMATS)[number];

/** Formats of files, and services with their own exports. */
export const FORMATS: readonly string[] = ['django', ...FILE_FORMATS, ...SERVICES.map(({ name }) => name)];

export interface SourceOptions {
  /** One of `FORMATS`; null to detect it. */
  format: string | null;
  /** Django's user model; null to detect it. */
  model: string | null;
  /** The table, or the list in a document; null to detect it. */
  table: string | null;
  /** The column names of a file without a header; null if it has a header. */
  columns: readonly string[] | null;
  /** Null to detect it. */
  encoding: string | null;
  map: ReadonlyMap<string, Field>;
  onProgress: OnProgress;
}

const isFileFormat = (format: string | null): format is FileFormat =>
  FILE_FORMATS.some((each) => each === format);

const BY_EXTENSION: Readonly<Record<string, FileFormat>> = {
  '.csv': 'csv',
  '.tsv': 'csv',
  '.sql': 'sql',
  '.yaml': 'yaml',
  '.yml': 'yaml',
  '.xml': 'xml',
  '.dump': 'sql',
};

/** Detects the format by the first bytes, then by the file name, then as CSV if it looks like CSV. */
const detect = ({ head, name }: PlainFile, options: SourceOptions): FileFormat | null => {
  if (head.toString('latin1').startsWith('SQLite format 3\0')) return 'sqlite';
  if (head.subarray(0, 5).toString('latin1') === 'PGDMP')
    throw new InputError("It is pg_dump's own format: make SQL of it with pg_restore --file users.sql.");
  if (head.subarray(257, 262).toString('latin1') === 'ustar')
    throw new InputError(
      'It is a tar archive: unpack it, and import the file with the users. Of pg_dump, make SQL of it with pg_restore --file users.sql.',
    );
  const start = head
    .toString('utf8')
    .replace(/^\u{feff}/u, '')
    .trimStart();
  if (start.startsWith('[')) return 'json';
  if (start.startsWith('{')) return /\.(?:jsonl|ndjson)$/i.test(name) || isJsonLines(head) ? 'jsonl' : 'json';
  if (start.startsWith('<')) return 'xml';
  const named = BY_EXTENSION[extname(name).toLowerCase()];
  if (named !== undefined) return named;
  if (isSqlDump(head)) return 'sql';
  if (isYamlList(head)) return 'yaml';
  const [header = ''] = start.split(/\r?\n/, 1);
  const columns = header.split(/[,;\t|]/).map((column) => column.replaceAll('"', '').trim());
  return columns.length > 1 && (options.columns !== null || looksLikeUsers(columns, options.map))
    ? 'csv'
    : null;
};

const NAMES: Readonly<Record<FileFormat, string>> = {
  csv: 'CSV',
  json: 'JSON',
  jsonl: 'JSON',
  yaml: 'YAML',
  xml: 'XML',
  sqlite: 'SQLite',
  sql: 'SQL',
};

const openDump = async (file: PlainFile, options: SourceOptions): Promise<Records> => {
  const folder = createScratchFolder('dump');
  try {
    const path = folder.path('dump.db');
    const { table, columns, map, onProgress } = options;
    const { tables, nameless, rows } = await loadDump(file, path, table, columns, map, onProgress);
    if (rows === 0 && nameless.length > 0 && columns === null)
      throw new InputError(
        `The dump does not name the columns of its tables: ${nameless.join(', ')}. Name those of the users: --table users --columns id,email,password, or make it without --no-create-info.`,
      );
    if (rows === 0) {
      const names = tables.map(({ name }) => name).join(', ');
      throw new InputError(
        tables.length === 0
          ? 'The dump has no rows: it may be of the schema only.'
          : `No table of the dump has a username or an email and a password hash. There are: ${names}. Name the one of the users: --table, and its columns: --map.`,
      );
    }
    const format = options.format === 'django' || options.format === 'better-auth' ? options.format : null;
    const records = openSqlite(path, { ...options, format });
    return {
      ...records,
      about: records.about.replace('SQLite file', 'SQL dump').replace(/^SQLite,/, 'an SQL dump,'),
      close() {
        records.close();
        folder.remove();
      },
    };
  } catch (error) {
    folder.remove();
    throw error;
  }
};

const openRecords = async (file: PlainFile, kind: FileFormat, options: SourceOptions): Promise<Records> => {
  const { format, table, map, columns, onProgress } = options;
  switch (kind) {
    case 'sqlite':
      return openSqlite(file.path, {
        ...options,
        format: format === 'django' || format === 'better-auth' ? format : null,
      });
    case 'sql':
      return await openDump(file, options);
    case 'csv':
      return openCsv(file, columns, map);
    case 'yaml':
      return await openYaml(file, table, map);
    case 'xml':
      return await openXml(file, table, map, onProgress);
    case 'jsonl':
      return await openJsonLines(file);
    case 'json':
      return await openJsonDocument(file, table, map, onProgress);
  }
};

async function* mapped(pages: AsyncIterable<readonly Found[]>, service: Service): AsyncGenerator<Found[]> {
  for await (const page of pages) {
    yield page
      .map((found): Found | null => {
        if (!('record' in found)) return found;
        const record = service.toUser(found.record);
        return record && { at: found.at, record };
      })
      .filter((found) => found !== null);
  }
}

const toSource = async (records: Records, options: SourceOptions): Promise<Source> => {
  const { format, model, map, onProgress } = options;
  if (isDjangos(records) && (format === 'django' || !isFileFormat(format)))
    return await openDjangoDump(records, model, map, onProgress);
  const service = serviceByName(format) ?? findService(records.columns);
  // The reader of SQLite files has already joined the passwords of better-auth.
  if (service === null || records.about.startsWith('better-auth')) return { ...records, remarks: () => [] };
  return {
    about: `${service.title}, ${records.about}`,
    read: () => mapped(records.read(), service),
    fraction: records.fraction,
    remarks: () => [],
    close: records.close,
  };
};

/**
 * @throws InputError if the format is unknown, or is not the one that the operator named
 */
export const openSource = async (path: string, options: SourceOptions): Promise<Source> => {
  const file = await openPlain(path, options.encoding, options.onProgress);
  try {
    const { format } = options;
    const found = detect(file, options);
    // JSON is read as JSON lines if the operator says so. Any other difference is an error.
    const isSaid = isFileFormat(format) && (found === null || NAMES[found] === NAMES[format]);
    const kind = isSaid ? format : found;
    if (kind === null && /\n\s*[[{]\s*["{]/.test(file.head.toString('utf8')))
      throw new InputError(
        'Lines of a console stand before the JSON: delete them, or have the command write the file itself (dumpdata -o users.json).',
      );
    if (kind === null)
      throw new InputError(
        `It does not begin like ${isFileFormat(format) ? NAMES[format] : 'any supported format'}. Give its format with --format.`,
      );
    if (isFileFormat(format) && NAMES[format] !== NAMES[kind])
      throw new InputError(`It is ${NAMES[kind]}, not ${NAMES[format]}.`);
    const records = await openRecords(file, kind, options);
    try {
      if (format === 'django' && kind !== 'sqlite' && kind !== 'sql' && !isDjangos(records))
        throw new InputError('It is not what dumpdata writes.');
      const source = await toSource(records, options);
      return {
        ...source,
        close() {
          source.close();
          file.close();
        },
      };
    } catch (error) {
      records.close();
      throw error;
    }
  } catch (error) {
    file.close();
    throw error;
  }
};
