// Mutants of the import: imported hashes, and what an import writes.
import { inFile } from './mutant.ts';

export const importMutants = [
  ...inFile(
    'src/core/credentials/foreign/scrypt.ts',
    ['core/credentials/foreign/bounds', 'core/credentials/foreign/passwords'],
    [
      [
        'An imported hash takes all memory.',
        'if (128 * work * blockSize > MAX_MEMORY_BYTES)',
        'if (128 * work * blockSize > 100 * MAX_MEMORY_BYTES)',
        ['core/credentials/foreign/bounds'],
      ],
      [
        'Any password fits a scrypt hash.',
        'return equalBytes(scrypt(bytes, salt, options), key) &&',
        'return scrypt(bytes, salt, options).length > 0 &&',
        ['core/credentials/foreign/forms', 'core/credentials/foreign/fixtures'],
      ],
    ],
  ),
  ...inFile(
    'src/core/credentials/foreign/bcrypt.ts',
    ['core/credentials/foreign/bounds'],
    [
      ['An imported hash takes minutes of work.', 'if (cost > MAX_COST) return', 'if (cost > 31) return'],
      [
        'An owner whose long password was cut is locked out.',
        ': !digest && toBytes(password).byteLength >= MAX_PASSWORD_BYTES,',
        ': false,',
        ['core/credentials/imported-password'],
      ],
    ],
  ),
  ...inFile(
    'src/core/credentials/foreign/argon2.ts',
    ['core/credentials/foreign/bounds'],
    [
      [
        'An imported Argon2 hash takes all memory.',
        'if (memoryKib > MAX_MEMORY_KIB)',
        'if (memoryKib > 1000 * MAX_MEMORY_KIB)',
      ],
    ],
  ),
  ...inFile(
    'scripts/import/sql.ts',
    ['node/import-command', 'node/import-resume', 'node/import-identity'],
    [
      ['A name in a file writes SQL.', `text.replaceAll("'", "''")`, 'text'],
      [
        'A token comes along for a disabled account.',
        'WHERE users.disabled_at IS NULL AND value ->> 0 NOT IN (SELECT id FROM imported_tokens)',
        'WHERE value ->> 0 NOT IN (SELECT id FROM imported_tokens)',
      ],
      [
        'A token that was ended comes back.',
        'WHERE users.disabled_at IS NULL AND value ->> 0 NOT IN (SELECT id FROM imported_tokens)',
        'WHERE users.disabled_at IS NULL',
      ],
      [
        'An import writes to an account that has another name by now.',
        'WHERE NOT EXISTS (SELECT 1 FROM users WHERE users.id = value ->> 0',
        'WHERE 0 AND NOT EXISTS (SELECT 1 FROM users WHERE users.id = value ->> 0',
      ],
    ],
  ),
  ...inFile(
    'scripts/import/account-state.ts',
    ['node/import-rules', 'node/import-values'],
    [
      [
        'A suspended account of the file logs in.',
        'return DISABLED.has(word) ? { disabledAtMs: nowMs } :',
        'return DISABLED.has(word) ? GOOD :',
        ['node/import-account-state'],
      ],
      [
        'A status that cannot be read means active.',
        "return DISABLED.has(word) ? { disabledAtMs: nowMs } : 'unread';",
        'return DISABLED.has(word) ? { disabledAtMs: nowMs } : GOOD;',
        ['node/import-account-state'],
      ],
    ],
  ),
];
