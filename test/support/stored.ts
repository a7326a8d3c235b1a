// Reads everything that is stored: for tests that say of a secret that it is stored nowhere.
import { testEnv } from './worker.ts';

/** Every value of every table of D1, as text. A table that is added later is read too. */
export const storedInD1 = async (): Promise<string[]> => {
  const tables = await testEnv.DB.prepare(
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
  ).all<{ name: string }>();
  const values: string[] = [];
  for (const { name } of tables.results) {
    const { results } = await testEnv.DB.prepare(`SELECT * FROM "${name}"`).all();
    for (const row of results) values.push(...Object.values(row).map(String));
  }
  return values;
};

/** Every key, value and piece of metadata in KV, as text. */
export const storedInKv = async (): Promise<string[]> => {
  const values: string[] = [];
  let cursor: string | null = null;
  do {
    const page: KVNamespaceListResult<unknown> = await testEnv.SESSIONS.list({ cursor });
    for (const { name } of page.keys) {
      const { value, metadata } = await testEnv.SESSIONS.getWithMetadata(name);
      values.push(name, value ?? '', JSON.stringify(metadata));
    }
    cursor = page.list_complete ? null : page.cursor;
  } while (cursor !== null);
  return values;
};

/** Everything in D1 and KV as one text, in which a secret can be searched. */
export const everythingStored = async (): Promise<string> =>
  [...(await storedInD1()), ...(await storedInKv())].join('\n');
