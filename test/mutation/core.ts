// Mutants of accounts, sessions, passwords, throttling, proofs and mail.
import { inFile } from './mutant.ts';

export const coreMutants = [
  ...inFile(
    'src/core/sessions/sessions.ts',
    ['core/sessions/session-expiry'],
    [
      [
        'An expired session lets people in.',
        "gt(sessions.expiresAtMs, sql.placeholder('nowMs'))",
        "gt(sessions.expiresAtMs, sql`${sql.placeholder('nowMs')} * 0`)",
      ],
      [
        'A disabled account whose session is left may use it.',
        '        isNull(users.disabledAtMs),\n      ),\n    )\n    .toSQL();',
        '      ),\n    )\n    .toSQL();',
        ['dialects/auth/examples', 'core/sessions/sessions', 'dialects/conjugator/credentials'],
      ],
      [
        'A JWT opens the account of its session, whatever account it names.',
        '(parsed.subject !== undefined && parsed.subject !== String(found.account.id))',
        'parsed.subject === String(-found.account.id)',
        ['hostile/jwt', 'dialects/auth/token', 'core/sessions/sessions'],
      ],
      [
        'A session that is used never ends.',
        'const expiresAtMs = Math.min(now + idleMs, createdAtMs + absoluteMs);\n    store',
        'const expiresAtMs = now + idleMs;\n    store',
      ],
      [
        'A session that is used ends all the same.',
        'if (now - lastSeenAtMs < extendAfterMs) return false;',
        'if (now > 0) return false;',
      ],
      [
        'An owner ends a session of another account.',
        'const whereIt = and(eq(sessions.userId, accountId), eq(sessions.id, sessionId));',
        'const whereIt = eq(sessions.id, sessionId);',
        ['dialects/id/sessions', 'pages/sessions-and-audit-log'],
      ],
      [
        'A login that fails ends the session of the browser.',
        ".where(and(eq(sessions.id, id ?? ''), whereAccountExists(db, onlyIf)));",
        ".where(eq(sessions.id, id ?? ''));",
        ['core/login/login-races'],
      ],
      [
        'A change of credentials that is lost renews the session.',
        '.where(and(eq(sessions.id, id), whereAccountExists(db, onlyIf)))',
        '.where(eq(sessions.id, id))',
        ['dialects/id/renewal', 'core/login/login-races', 'dialects/id/credentials'],
      ],
      [
        'An account has one session more than it may.',
        '.offset(maxSessions - 1)',
        '.offset(maxSessions)',
        ['core/sessions/session-limit'],
      ],
      [
        'A login at the limit ends sessions of other accounts.',
        'and(eq(sessions.userId, owner), gt(',
        'and(gt(',
        ['core/sessions/session-limit'],
      ],
      [
        'A cookie is good as a token while KV answers alone.',
        'const isOfKind = !kinds || kinds.includes(found.session.kind);',
        'const isOfKind = !kinds || kinds.length > 0;',
        ['core/sessions/parallel-reads', 'core/sessions/token-kinds'],
      ],
      [
        'KV answers alone for longer than a minute.',
        'age >= CACHED_MS',
        'age >= 100 * CACHED_MS',
        ['core/sessions/parallel-reads', 'faults/replica-lag'],
      ],
      [
        'Changing the password leaves the other sessions.',
        'eq(sessions.userId, userId ?? 0),',
        'eq(sessions.userId, 0),',
        ['dialects/id/password'],
      ],
      [
        'Ending all others ends the session that asked.',
        'keptId === null ? undefined : ne(sessions.id, keptId),',
        '',
        ['dialects/id/session-ends', 'dialects/id/sessions'],
      ],
    ],
  ),
  ...inFile(
    'src/core/sessions/tokens.ts',
    ['core/sessions/token-kinds', 'hostile/credentials'],
    [
      [
        'A session lives longer than the absolute limit until it is used.',
        'createdAtMs + Math.min(idleMs, absoluteMs)',
        'createdAtMs + idleMs',
        ['core/sessions/session-expiry'],
      ],
      ['A JWT’s session is good as a cookie.', "{ kinds: ['cookie'], id }", '{ kinds: null, id }'],
    ],
  ),
  ...inFile(
    'src/core/sessions/jwt.ts',
    ['hostile/jwt', 'core/sessions/jwt'],
    [
      ['A client chooses the algorithm of its JWT.', 'if (header !== ENCODED_HEADER) return null;', ''],
      [
        'A JWT is good after its time.',
        'claims && claims.exp * 1000 > nowMs',
        'claims && claims.exp * 1000 > 0',
      ],
      [
        'Everybody makes JWTs.',
        "if (!(await keyring.verify('jwt', `${header}.${payload}`, signatureBytes))) return null;",
        '',
      ],
      ['One JWT has many texts.', 'return encode(bytes) === text ? bytes : null;', 'return bytes;'],
    ],
  ),
  ...inFile(
    'src/core/secrets.ts',
    ['core/secrets'],
    [
      ['Another label voids every token.', '`latchkey ${purpose}`', '`latchkey-${purpose}`'],
      ['One key signs everything.', '`latchkey ${purpose}`', "'latchkey'"],
      [
        'A rotation voids what was signed before.',
        'for (const [index, secret] of secrets.entries()) {',
        'for (const [index, secret] of secrets.slice(0, 1).entries()) {',
        ['core/secrets'],
      ],
      [
        'Two texts of one length are equal.',
        'left.byteLength === right.byteLength && crypto.subtle.timingSafeEqual(left, right)',
        'left.byteLength === right.byteLength',
      ],
      [
        'Stored ids are the tokens themselves.',
        "new Uint8Array(await crypto.subtle.digest('SHA-256', utf8.encode(text))).toHex()",
        'utf8.encode(text).toHex()',
      ],
    ],
  ),
  ...inFile(
    'src/settings/table.ts',
    ['settings/settings'],
    [
      [
        'A short secret is accepted during a rotation.',
        'TOKEN_SECRET_PREVIOUS: secret({\n    minCharacters: MIN_SECRET_CHARACTERS,',
        'TOKEN_SECRET_PREVIOUS: secret({\n    minCharacters: 1,',
      ],
      [
        'A short secret is accepted.',
        'TOKEN_SECRET: requiredSecret({\n    minCharacters: MIN_SECRET_CHARACTERS,',
        'TOKEN_SECRET: requiredSecret({\n    minCharacters: 1,',
      ],
      ['Access tokens may live for days.', 'max: MAX_ACCESS_TOKEN_MINUTES,', 'max: 100_000,'],
    ],
  ),
  ...inFile(
    'src/core/throttle/counters.ts',
    ['security/throttle-waits'],
    [
      [
        'One more attempt is free.',
        'mayAttempt: sql`${count} < ${freeFailures} OR',
        'mayAttempt: sql`${count} <= ${freeFailures} OR',
      ],
      [
        'The wait never grows.',
        '${nowMs} >= ${atMs} + 1000 * min(${maxWaitSeconds}, ${doubled})',
        '${nowMs} >= ${atMs} + 1000 * ${firstWaitSeconds}',
      ],
      [
        'Nobody ever has to wait.',
        '.where(and(source.account, sql`(${rules.mayAttempt})`))',
        '.where(source.account)',
      ],
      [
        'A success forgives what strangers did.',
        'CASE WHEN ${count} <= 0 THEN json_remove(${failures}, ${pathOf(ACCOUNT)})',
        'CASE WHEN 1 THEN json_remove(${failures}, ${pathOf(ACCOUNT)})',
        ['security/throttle-networks'],
      ],
      [
        'An unknown name never waits, so that waiting tells who has an account.',
        'setWhere: sql`NOT (${isSame}) OR ${rules.mayAttempt}`',
        'setWhere: sql`1`',
        ['security/throttle-identifiers', 'security/enumeration'],
      ],
      [
        'Every device text gives free attempts at every account.',
        'CASE WHEN ${isKnown} AND (${isCounted} OR ${hasRoom}) THEN',
        'CASE WHEN (${isCounted} OR ${hasRoom}) THEN',
        ['security/throttle-devices'],
      ],
      [
        'A thief with many devices has a counter for each.',
        'const MAX_DEVICES = 8;',
        'const MAX_DEVICES = 1000;',
        ['security/throttle-devices', 'security/throttle-owner'],
      ],
      [
        'A password that needs a second factor forgives wrong ones.',
        'json_remove(${failures}, ${pathOf(source)}) ELSE ${less} END',
        'json_remove(${failures}, ${pathOf(source)}) ELSE NULL END',
        ['dialects/id/login-factor', 'dialects/app-passwords', 'security/throttle-pending'],
      ],
    ],
  ),
  ...inFile(
    'src/core/throttle/throttle.ts',
    ['faults/lost-answers'],
    [
      [
        'An outage after a right password counts as a wrong one.',
        'undoAttempt(counterKey);\n        throw error;',
        'throw error;',
      ],
    ],
  ),
  ...inFile(
    'src/core/throttle/devices.ts',
    ['hostile/devices', 'core/throttle/trusted-devices'],
    [
      [
        'Everybody makes device texts.',
        "if (!(await keyring.verify('device', signed, Uint8Array.fromHex(signature)))) return null;",
        '',
      ],
      [
        'A device is known for ever.',
        'if (Number(seconds) + DEVICE_SECONDS < nowMs() / 1000) return null;',
        '',
        ['security/throttle-devices', 'core/throttle/trusted-devices', 'hostile/devices'],
      ],
      [
        'A browser is trusted for ever.',
        'mark === own && untilMs > nowMs() && factorIds',
        'mark === own && factorIds',
        ['core/throttle/trusted-devices'],
      ],
      [
        'A browser that one account trusts is trusted by all.',
        'mark === own && untilMs > nowMs()',
        'untilMs > nowMs()',
        ['core/throttle/trusted-devices'],
      ],
      [
        'A browser stays trusted when the factor is gone.',
        ' && factorIds.includes(factorId)',
        ' && factorIds.length >= 0 && factorId > 0',
        ['core/throttle/trusted-devices'],
      ],
    ],
  ),
  ...inFile(
    'src/core/credentials/check-password.ts',
    ['security/enumeration', 'core/login/free-refusals', 'core/credentials/password-cost'],
    [
      ['An unknown name is refused sooner.', 'passwords.verifyNothing(password),', 'Promise.resolve(false),'],
      [
        'A disabled account is distinguishable from a wrong password.',
        'if (candidate && isRight && candidate.disabledAtMs === null) return',
        'if (candidate && isRight) return',
        ['core/login/login-budgets', 'dialects/id/login-factor'],
      ],
    ],
  ),
  ...inFile(
    'src/core/throttle/candidate.ts',
    ['dialects/app-passwords'],
    [
      [
        'An app password of one dialect is good in all.',
        '\n    AND (a.dialect IS NULL OR a.dialect = ${dialect}))`;',
        ')`;',
      ],
      [
        'An app password of one account opens another.',
        'WHERE a.user_id = users.id AND a.hash = ${hash}',
        'WHERE a.hash = ${hash}',
      ],
      [
        'A generator of codes that was never confirmed locks its owner out.',
        ' AND f.confirmed_at IS NOT NULL)`.mapWith(',
        ')`.mapWith(',
        ['dialects/id/factors', 'dialects/id/login-factor'],
      ],
    ],
  ),
  ...inFile(
    'src/core/login/login.ts',
    ['dialects/id/login-factor'],
    [
      [
        'A second factor is never asked for.',
        '? isProtected && !isTrusted(device, candidate)',
        '? isProtected && isTrusted(device, candidate)',
      ],
      [
        'A client that knows no second factor needs none.',
        ': isProtected || policy.appPasswordsOnly;',
        ': policy.appPasswordsOnly;',
        ['dialects/app-passwords'],
      ],
      [
        'Someone with the password can guess codes without a limit.',
        'set({ passwordHash, loginFailures: undone(counterKey) })',
        'set({ passwordHash, loginFailures: forgiven(counterKey) })',
      ],
      [
        'An unproven address logs in where it must be proven.',
        'if (policy.requiresVerifiedEmail && candidate.emailVerifiedAtMs === null) {',
        'if (policy.requiresVerifiedEmail && candidate.emailVerifiedAtMs === 0) {',
        ['dialects/id/email'],
      ],
    ],
  ),
  ...inFile(
    'src/core/login/open-session.ts',
    ['core/login/login-races'],
    [
      [
        'A login that is lost resets the counter and takes an old password back.',
        '          .where(asChecked),\n        // The password',
        '          .where(undefined),\n        // The password',
      ],
    ],
  ),
  ...inFile(
    'src/core/store/conditions.ts',
    ['core/login/login-races', 'dialects/id/credentials'],
    [
      [
        'A password that was just replaced opens a session.',
        'and(eq(users.id, id), eq(users.passwordHash, passwordHash), isNull(users.disabledAtMs));',
        'and(eq(users.id, id), isNull(users.disabledAtMs));',
      ],
      [
        'An account that was just disabled opens a session.',
        'and(eq(users.id, id), eq(users.passwordHash, passwordHash), isNull(users.disabledAtMs));',
        'and(eq(users.id, id), eq(users.passwordHash, passwordHash));',
      ],
      [
        'The last admin may go.',
        'or(eq(users.isAdmin, false), exists(otherAdmins(db, id)));',
        'or(eq(users.isAdmin, false), eq(users.isAdmin, true));',
        ['dialects/id/admin-last'],
      ],
      [
        'A disabled admin counts as one who is left.',
        '        sql`${users.isAdmin} = 1`,\n        isNull(users.disabledAtMs),',
        '        sql`${users.isAdmin} = 1`,',
        ['dialects/id/admin-last'],
      ],
      [
        'A session of another account is good for a change.',
        'WHERE id = ${sessionId} AND user_id = ${users.id})`;',
        'WHERE id = ${sessionId} OR 1)`;',
        ['core/login/login-races', 'dialects/id/renewal', 'dialects/id/credentials'],
      ],
    ],
  ),
  ...inFile(
    'src/core/credentials/changes.ts',
    ['dialects/app-passwords', 'dialects/id/reauthenticate'],
    [
      [
        'A client with an app password changes the account’s password.',
        "if (session.appPasswordId !== null) return err({ reason: 'reauthenticate' } as const);",
        '',
      ],
      [
        'A stolen session and the password are enough where a factor is on.',
        'checked.value.candidate.factors.length === 0 || session.factor !== null',
        'checked.value.candidate.factors.length === 0 || session.factor !== undefined',
      ],
      [
        'A new password leaves thieves signed in.',
        'endsOthers: true,',
        'endsOthers: false,',
        ['dialects/id/password'],
      ],
      [
        'A change is applied although its session has ended.',
        'and(whereUnchanged(candidate), whereHasSession(sessionId));',
        'whereUnchanged(candidate);',
        ['core/login/login-races', 'dialects/id/renewal', 'dialects/id/credentials'],
      ],
    ],
  ),
  ...inFile(
    'src/core/credentials/email-change.ts',
    ['dialects/id/email-change'],
    [
      [
        'A new address counts as proven.',
        ', ...(isSame ? {} : { emailVerifiedAtMs: null })',
        '',
        ['dialects/id/email-change', 'dialects/id/email'],
      ],
      [
        'A new address takes effect unproven.',
        'sendsMail && !isSame',
        'sendsMail && isSame',
        ['dialects/id/email-change'],
      ],
    ],
  ),
  ...inFile(
    'src/core/credentials/password-policy.ts',
    ['core/credentials/password-policy'],
    [
      [
        'Runs such as abcdefgh are accepted.',
        'common.has(wordOf(rest)) || isRun(rest)',
        'common.has(wordOf(rest))',
      ],
      ['Common passwords are accepted.', 'common.has(wordOf(rest)) || isRun(rest)', 'isRun(rest)'],
      ['The username is accepted as a password.', "return resembles ? 'resembling' : null;", 'return null;'],
    ],
  ),
  ...inFile(
    'src/core/credentials/passwords.ts',
    ['core/credentials/passwords'],
    [
      [
        'All hashes have one salt.',
        'const salt = random(SALT_BYTES);',
        'const salt = new Uint8Array(SALT_BYTES);',
      ],
    ],
  ),
  ...inFile(
    'src/core/credentials/own-hash.ts',
    ['core/credentials/passwords', 'core/credentials/derive'],
    [
      [
        'A password with a NUL behind it is the same password.',
        'return bytes.at(-1) === 0 ? Uint8Array.of(...bytes, END_MARK) : bytes;',
        'return bytes;',
      ],
      [
        'A stored cost beyond the bounds is run.',
        'if (!isRunnableCost(cost)) return null;',
        '',
        ['hostile/hashes', 'core/credentials/passwords'],
      ],
      ['A password is hashed with a third of the work.', 'round < cost.rounds', 'round < 1'],
      [
        'A call asks the runtime for more than it takes.',
        'export const MAX_ITERATIONS_PER_CALL = 100_000;',
        'export const MAX_ITERATIONS_PER_CALL = 900_000;',
        ['core/credentials/derive', 'core/credentials/passwords', 'settings/settings'],
      ],
    ],
  ),
  ...inFile(
    'src/core/credentials/password-reset.ts',
    ['core/proofs/flows', 'security/mail', 'core/proofs/limits', 'pages/mail'],
    [
      [
        'A reset leaves a thief signed in.',
        '...endAllSessions(db, holds),',
        '...endAllSessions(db, sql`0`),',
      ],
      [
        'A person who registered another’s address keeps a way in.',
        'const wasUnproven = and(proves, isNull(users.emailVerifiedAtMs));',
        'const wasUnproven = and(proves, sql`0`);',
        ['security/mail'],
      ],
    ],
  ),
  ...inFile(
    'src/core/proofs/rows.ts',
    ['core/proofs/limits'],
    [
      [
        'A link never expires.',
        'gt(proofs.expiresAtMs, nowMs),\n        boundState(purpose),',
        'boundState(purpose),',
      ],
      [
        'A link outlives a change of the password.',
        'gt(proofs.expiresAtMs, nowMs),\n        boundState(purpose),',
        'gt(proofs.expiresAtMs, nowMs),',
      ],
      [
        'A proof of one account is good for another.',
        'sql`(${users.id} = ${account} AND ${users.disabledAtMs} IS NULL AND EXISTS ${proof})`',
        'sql`(${users.disabledAtMs} IS NULL AND EXISTS ${proof})`',
        ['core/proofs/flows', 'pages/mail', 'core/store/query-plans'],
      ],
      [
        'A proof of a disabled account is good.',
        'sql`(${users.id} = ${account} AND ${users.disabledAtMs} IS NULL AND EXISTS ${proof})`',
        'sql`(${users.id} = ${account} AND EXISTS ${proof})`',
        ['security/mail'],
      ],
      [
        'A mailed code can be guessed without a limit.',
        'sql`(${proofs.tries} < ${MAX_CODE_TRIES} OR NOT ${isRecent})`,',
        '',
        ['core/proofs/limits'],
      ],
      [
        'Asking again gives new guesses.',
        'tries: sql`CASE WHEN ${isRecent} THEN ${proofs.tries} ELSE 0 END`',
        'tries: sql`0`',
        ['core/proofs/limits'],
      ],
      [
        'A mailed code is valid as long as its link.',
        'gt(proofs.codeExpiresAtMs, nowMs),',
        '',
        ['core/proofs/limits'],
      ],
    ],
  ),
  ...inFile(
    'src/core/proofs/tokens.ts',
    ['core/proofs/tokens'],
    [
      ['A token of one purpose is good for another.', '=> `${purpose} ${id}`;', '=> (purpose ? id : id);'],
      ['Anyone who reads D1 can make tokens.', 'return isOurs ? id : null;', 'return id;'],
      [
        'Any eight digits are the code.',
        'signatures.some((signature) => equalTexts(toCode(signature), code))',
        'signatures.length > 0',
      ],
    ],
  ),
  ...inFile(
    'src/core/accounts/email.ts',
    ['core/proofs/flows', 'security/mail', 'dialects/id/email-change', 'pages/mail'],
    [
      [
        'An address that was never proven takes the account.',
        'account: and(holds, isNotNull(users.emailVerifiedAtMs)),',
        'account: holds,',
      ],
      [
        'An attacker who changed the address keeps the password.',
        "passwordHash: sql`'!' || lower(hex(randomblob(16)))`,",
        '',
      ],
    ],
  ),
  ...inFile(
    'src/core/mail/outbox.ts',
    ['core/proofs/limits'],
    [
      [
        'A stranger fills a mailbox.',
        'sql`((${since(HOUR_MS)}) < ${MAX_MAILS_AN_HOUR} AND (${since(DAY_MS)}) < ${MAX_MAILS_A_DAY})`',
        'sql`1`',
      ],
    ],
  ),
  ...inFile(
    'src/core/admin/admin.ts',
    ['dialects/id/admin-account'],
    [
      ['Disabling again changes since when.', 'sql`coalesce(${users.disabledAtMs}, ${now})`', 'now'],
      [
        'A disabled account stays signed in.',
        "action === 'disabled' ? id : null, whereChangeable)",
        'null, whereChangeable)',
      ],
    ],
  ),
];
