// `npm run keys -- create|rotate|show --file <path>`: manages the keys of access tokens in a file for its owner only.
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createCommand, statusOf, withoutSeparator } from './command-line.ts';
import {
  createSigningKeys,
  parseSigningKeys,
  rotateSigningKeys,
  type SigningKeys,
  writeSigningKeys,
} from './keys/signing-keys.ts';
import { messageOf, print, printError } from './terminal.ts';

/** Readable by its owner only, because it contains private keys. */
const FILE_MODE = 0o600;

const FILE_FLAG = '--file <path>';
const FILE_TEXT = 'where the keys are kept: Cloudflare gives no secret back';

/** Replaces the file atomically, so that an interrupted command leaves the old keys. */
const write = (path: string, keys: SigningKeys): void => {
  const next = `${path}.${process.pid}`;
  writeFileSync(next, `${writeSigningKeys(keys)}\n`, { mode: FILE_MODE });
  chmodSync(next, FILE_MODE);
  renameSync(next, path);
};

const read = (path: string): SigningKeys => {
  if (!existsSync(path))
    throw new Error(`There is no file ${path}. Make it: npm run keys -- create --file ${path}`);
  const keys = parseSigningKeys(readFileSync(path, 'utf8'));
  if (!keys) throw new Error(`${path} holds no list of private ES256 keys.`);
  return keys;
};

const describe = (keys: SigningKeys): string =>
  keys
    .map(
      ({ kid }, index) =>
        `${kid}  ${index === 0 ? 'signs' : index === 1 ? 'is published, and signs next' : 'only verifies'}`,
    )
    .join('\n');

const put = (path: string): string => `Set it: npx wrangler secret put SIGNING_KEYS < ${path}`;

const command = createCommand('npm run keys --', print)
  .description('The keys with which Latchkey signs access tokens for other servers.')
  .helpCommand(false);

command
  .command('create')
  .description('make two keys: one that signs, and the next')
  .requiredOption(FILE_FLAG, FILE_TEXT)
  .action(async ({ file }) => {
    if (existsSync(file))
      throw new Error(`${file} already exists. To replace its keys: npm run keys -- rotate --file ${file}`);
    const keys = await createSigningKeys(Date.now());
    write(file, keys);
    print(`${describe(keys)}\n${put(file)}`);
  });

command
  .command('rotate')
  .description('let the next key sign, and make another next one; not twice in an hour')
  .requiredOption(FILE_FLAG, FILE_TEXT)
  .action(async ({ file }) => {
    const keys = await rotateSigningKeys(read(file), Date.now());
    write(file, keys);
    print(`${describe(keys)}\n${put(file)}`);
  });

command
  .command('show')
  .description('the names of the keys, and what each does')
  .requiredOption(FILE_FLAG, FILE_TEXT)
  .action(({ file }) => print(describe(read(file))));

try {
  const args = withoutSeparator(process.argv.slice(2));
  if (args.length === 0) command.help();
  await command.parseAsync([...args], { from: 'user' });
} catch (error) {
  const status = statusOf(error);
  if (status === null) printError(messageOf(error));
  process.exitCode = status ?? 1;
}
