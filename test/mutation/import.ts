// Mutants of the import: imported hashes, and the rows that an import writes.
import { inFile } from './mutant.ts';

export const importMutants = [
  ...inFile(
    'src/core/credentials/foreign/scrypt.ts',
    ['core/credentials/foreign/bounds', 'core/credentials/foreign/passwords'],
    [
      [
        'An imported scrypt hash can use all memory.',
        'if (128 * work * blockSize > MAX_MEMORY_BYTES)',
        'if (128 * work * blockSize > 100 * MAX_MEMORY_BYTES)',
        ['core/credentials/foreign/bounds'],
      ],
      [
        'Any password matches a scrypt hash.',
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
      [
        'An imported bcrypt hash can cost minutes of CPU time.',
        'if (cost > MAX_COST) return',
        'if (cost > 31) return',
      ],
      [
        'An owner whose long password was truncated is locked out.',
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
        'An imported Argon2 hash can use all memory.',
        'if (memoryKib > MAX_MEMORY_KIB)',
        'if (memoryKib > 1000 * MAX_MEMORY_KIB)',
      ],
    ],
  ),
  ...inFile(
    'scripts/import/sql.ts',
    ['node/import-command', 'node/import-resume', 'node/import-identity'],
    [
      ['A name in a file can inject SQL.', `text.replaceAll("'", "''")`, 'text'],
      [
        'A token of a disabled account is imported.',
        'WHERE users.disabled_at IS NULL AND value ->> 0 NOT IN (SELECT id FROM imported_tokens)',
        'WHERE value ->> 0 NOT IN (SELECT id FROM imported_tokens)',
      ],
      [
        'A repeated import restores a token that was ended.',
        'WHERE users.disabled_at IS NULL AND value ->> 0 NOT IN (SELECT id FROM imported_tokens)',
        'WHERE users.disabled_at IS NULL',
      ],
      [
        'An import writes to an account that has been renamed.',
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
        'A suspended account of the file can log in.',
        'return DISABLED.has(word) ? { disabledAtMs: nowMs } :',
        'return DISABLED.has(word) ? GOOD :',
        ['node/import-account-state'],
      ],
      [
        'An account with an unreadable status is imported as active.',
        "return DISABLED.has(word) ? { disabledAtMs: nowMs } : 'unread';",
        'return DISABLED.has(word) ? { disabledAtMs: nowMs } : GOOD;',
        ['node/import-account-state'],
      ],
    ],
  ),
];
