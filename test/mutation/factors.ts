// Mutants of second factors: codes, passkeys, recovery codes, challenges.
import { inFile } from './mutant.ts';

export const factorMutants = [
  ...inFile(
    'src/core/factors/totp.ts',
    ['core/factors/totp'],
    [
      [
        'A one-time code is accepted twice.',
        'if (isIt && step > lastStep) found = step;',
        'if (isIt) found = step;',
      ],
      ['Codes of a whole hour are accepted.', 'step <= now + window;', 'step <= now + window * 120;'],
    ],
  ),
  ...inFile(
    'src/core/factors/challenges.ts',
    ['core/factors/secrets', 'dialects/id/login-factor'],
    [
      [
        'Anyone can forge challenges.',
        "if (!(await keyring.verify('challenge', payload, signature))) return null;",
        '',
      ],
      ['A challenge never expires.', 'claims.e <= nowMs()', 'claims.e <= 0'],
      ['A challenge of one purpose is accepted for another.', 'claims.p !== purpose || ', ''],
      [
        'A challenge can be answered by another browser.',
        'if (claims.h !== null && !equalTexts(claims.h, await sha256Hex(holder ?? ',
        'if (claims.h !== null && equalTexts(claims.h, await sha256Hex(holder ?? ',
      ],
    ],
  ),
  ...inFile(
    'src/core/sealing.ts',
    ['core/factors/secrets'],
    [
      [
        'An encrypted secret can be used in the row of another account.',
        'additionalData: utf8.encode(context)',
        'additionalData: utf8.encode(context.slice(0, 0))',
      ],
      [
        'All secrets are encrypted with the same IV.',
        'const iv = random(IV_BYTES);',
        'const iv = new Uint8Array(IV_BYTES);',
      ],
    ],
  ),
  ...inFile(
    'src/core/factors/second-factor.ts',
    ['dialects/id/login-factor', 'dialects/id/login-passkey', 'dialects/id/reauthenticate'],
    [
      [
        'A recovery code is accepted twice.',
        'db.delete(recoveryCodes).where(isIt),',
        'db.delete(recoveryCodes).where(and(isIt, sql`0`)),',
        ['dialects/id/login-factor'],
      ],
      [
        'Two concurrent logins with one code both succeed.',
        '      lt(factors.lastStep, step),\n',
        '',
        ['dialects/id/login-factor'],
      ],
      [
        'A passkey signs in an account that it does not name.',
        'candidate && isNamed && isUsable',
        'candidate && isUsable',
        ['dialects/id/login-passkey'],
      ],
      [
        'A disabled account signs in with a passkey.',
        'const isUsable = candidate?.disabledAtMs === null;',
        'const isUsable = candidate !== null;',
        ['dialects/id/login-passkey'],
      ],
      [
        'A login continues after the password was changed.',
        '(await stateOf(candidate)) === challenge.state;',
        '(await stateOf(candidate)) !== null;',
        ['dialects/id/login-factor'],
      ],
      [
        'Wrong codes are not counted.',
        "throttle.recordFailure(counterKey, client, 'factor_refused');\n        return err({ reason: 'factor', why: proof.passkey ? 'passkey' : 'code' });",
        "throttle.undoAttempt(counterKey);\n        return err({ reason: 'factor', why: proof.passkey ? 'passkey' : 'code' });",
        ['dialects/id/login-factor'],
      ],
      [
        'A session of an app password can be confirmed like one of the owner.',
        "if (session.appPasswordId !== null) return err({ reason: 'reauthenticate' });",
        '',
        ['dialects/id/reauthenticate', 'dialects/app-passwords'],
      ],
    ],
  ),
  ...inFile(
    'src/core/factors/webauthn/client-data.ts',
    ['core/factors/webauthn'],
    [
      [
        'A passkey’s answer to another challenge is accepted.',
        "if (typeof answered !== 'string' || !equalTexts(answered, encodeBase64Url(challenge))) return 'challenge';",
        '',
      ],
      [
        'A passkey’s answer to another site is accepted.',
        "if (typeof origin !== 'string' || !origins.includes(origin)) return 'origin';",
        '',
      ],
      [
        'A passkey’s answer in a frame of another site is accepted.',
        "if (crossOrigin !== false || topOrigin !== undefined) return 'cross_origin';",
        '',
      ],
      [
        'The response to a registration is accepted as a login.',
        "if (data['type'] !== type) return 'type';",
        '',
      ],
    ],
  ),
  ...inFile(
    'src/core/factors/webauthn/authenticator-data.ts',
    ['core/factors/webauthn'],
    [
      [
        'A passkey’s answer without user presence is accepted.',
        "if (!isUserPresent) return 'user_presence';",
        '',
      ],
      [
        'A passkey alone is accepted without user verification.',
        "if (userVerification === 'required' && !isUserVerified) return 'user_verification';",
        '',
      ],
    ],
  ),
  ...inFile(
    'src/core/factors/webauthn/verify.ts',
    ['core/factors/webauthn'],
    [
      [
        'Anyone can forge a passkey’s answer.',
        "if (!(await verifySignature(known, signature, signed))) return refuse('signature');",
        '',
      ],
      ['A passkey of another domain is accepted.', "if (!isOurs) return refuse('rp_id');", ''],
      [
        'A passkey of one account is accepted for another.',
        'userHandle !== null && userHandle !== known.userHandle)',
        "userHandle !== null && userHandle === '')",
      ],
      [
        'A public key that the authenticator did not create is stored.',
        "if (!isSentKey(answer.response, key) || !(await importPublicKey(key))) return refuse('key');",
        '',
      ],
    ],
  ),
  ...inFile(
    'src/core/factors/webauthn/public-key.ts',
    ['core/factors/webauthn', 'core/factors/webauthn-second-opinion'],
    [['A short RSA key is accepted.', 'RSA_MODULUS_BYTES = { min: 256,', 'RSA_MODULUS_BYTES = { min: 64,']],
  ),
  ...inFile(
    'src/core/factors/manage.ts',
    ['dialects/app-passwords'],
    [
      [
        'Removal of an app password leaves its sessions.',
        'sql`(${sessions.appPasswordId} = ${id} OR ${sessions.id} = (${derived}))`,',
        'sql`0`,',
      ],
      [
        'Any user can remove the app passwords of others.',
        'const isIt = and(eq(appPasswords.userId, account.id), eq(appPasswords.id, id));',
        'const isIt = eq(appPasswords.id, id);',
      ],
      [
        'An account can have any number of app passwords.',
        'WHERE ${appPasswords.userId} = ${account.id}) < ${MAX_APP_PASSWORDS}`',
        'WHERE ${appPasswords.userId} = ${account.id}) >= 0`',
      ],
      [
        'Removal of the factors by an admin leaves the app passwords.',
        'db.delete(appPasswords).where(eq(appPasswords.userId, accountId)),',
        'db.delete(appPasswords).where(and(eq(appPasswords.userId, accountId), sql`0`)),',
        ['dialects/app-passwords', 'dialects/id/factors'],
      ],
    ],
  ),
  ...inFile(
    'src/core/credentials/app-password.ts',
    ['dialects/app-passwords'],
    [
      [
        'Any password is accepted as an app password.',
        'return FORM.test(characters) ? sha256Hex(characters) : null;',
        "return FORM.test(characters) ? sha256Hex('') : sha256Hex('');",
      ],
    ],
  ),
  ...inFile(
    'src/core/login/email-code.ts',
    ['dialects/id/login-code'],
    [
      [
        'A mailed code is accepted in every browser.',
        'const shown = { code, account: whoIs(identifier), browser: await sha256Hex(holder) };',
        'const shown = { code, account: whoIs(identifier) };',
      ],
      [
        'A sign-in code is mailed to an unverified address.',
        'isNull(users.disabledAtMs), isNotNull(users.emailVerifiedAtMs)),',
        'isNull(users.disabledAtMs)),',
      ],
      ['A mailed code is accepted twice.', 'also: (db) => [deleteProof(db, id)],', 'also: () => [],'],
      [
        'A mailed code is enough for an account with a second factor.',
        'if (factorIds.length > 0 && !devices.isTrusted(device, candidate, factorIds)) {',
        'if (factorIds.length < 0) {',
      ],
      ['A mailed code can start the second step more than once.', 'if (used.length === 0) return gone;', ''],
    ],
  ),
  ...inFile(
    'src/core/proofs/effects.ts',
    ['security/mail', 'core/proofs/flows', 'dialects/id/email-change', 'pages/mail'],
    [
      [
        'An attacker who changed the address keeps a passkey.',
        '.delete(factors)\n      .where(and(inArray(factors.userId, idsOf(db, account)), isNew(',
        '.delete(factors)\n      .where(and(eq(factors.userId, 0), isNew(',
      ],
      [
        'An attacker who changed the address keeps an app password.',
        '.delete(appPasswords)\n      .where(and(inArray(appPasswords.userId, idsOf(db, account)), isNew(',
        '.delete(appPasswords)\n      .where(and(eq(appPasswords.userId, 0), isNew(',
      ],
      [
        'An attacker who changed the address keeps recovery codes.',
        'db.delete(recoveryCodes).where(inArray(recoveryCodes.userId, idsOf(db, account))),',
        'db.delete(recoveryCodes).where(eq(recoveryCodes.userId, 0)),',
      ],
      [
        'The consents of a squatter stay valid for the owner.',
        '.delete(appConsents)\n      .where(and(inArray(appConsents.userId, idsOf(db, account)), isNew(',
        '.delete(appConsents)\n      .where(and(eq(appConsents.userId, 0), isNew(',
        ['security/mail'],
      ],
      [
        'An attacker who changed the address stays signed in.',
        'endSessions(db, eq(sessions.userId, idsOf(db, account)));',
        'endSessions(db, eq(sessions.userId, 0));',
      ],
    ],
  ),
  ...inFile(
    'src/core/credentials/changes.ts',
    ['dialects/id/reauthenticate', 'dialects/app-passwords'],
    [
      [
        'A session without the second factor can change the password.',
        'if (!checked.ok || checked.value.candidate.factors.length === 0 || session.factor !== null)',
        'if (!checked.ok || session.factor === null || session.factor !== null)',
        [
          'dialects/id/reauthenticate',
          'core/sessions/imported-token',
          'dialects/id/login-factor',
          'dialects/id/factors',
        ],
      ],
    ],
  ),
];
