// Mutants of accounts, sessions, passwords, throttling, proofs and mail.
import { inFile } from './mutant.ts';

export const coreMutants = [
  ...inFile(
    'src/core/store/store.ts',
    ['dialects/id/admin-lost'],
    [
      [
        'An admin who loses the role during a request still changes the account.',
        'actorId ? [session.prepare(REQUIRE_ADMIN)',
        'actorId === -1 ? [session.prepare(REQUIRE_ADMIN)',
      ],
      [
        'An admin who is disabled during a request still changes the account.',
        'FROM users WHERE id = ? AND disabled_at IS NULL`;',
        'FROM users WHERE id = ?`;',
      ],
    ],
  ),
  ...inFile(
    'src/core/events/events.ts',
    ['security/events'],
    [
      [
        'Two events of one account within a millisecond have the same id, and the change fails.',
        'max(${nowMs}, coalesce((${next}), 0))',
        '${nowMs} + 0 * coalesce((${next}), 0)',
      ],
    ],
  ),
  ...inFile(
    'src/core/sessions/sessions.ts',
    ['core/sessions/session-expiry'],
    [
      [
        'An expired session is accepted.',
        "gt(sessions.expiresAtMs, sql.placeholder('nowMs'))",
        "gt(sessions.expiresAtMs, sql`${sql.placeholder('nowMs')} * 0`)",
      ],
      [
        'A login creates a second API token.',
        "(issued.kind === 'derived' ? sql<string>`coalesce((${apiToken}), ${newId})` : newId)",
        "(issued.kind === 'derived' ? sql<string>`coalesce(nullif((${apiToken}), (${apiToken})), ${newId})` : newId)",
        ['core/sessions/derived-token'],
      ],
      [
        'A disabled account can use a remaining session.',
        '        isNull(users.disabledAtMs),\n      ),\n    )\n    .toSQL();',
        '      ),\n    )\n    .toSQL();',
        ['dialects/auth/examples', 'core/sessions/sessions', 'dialects/conjugator/credentials'],
      ],
      [
        'A JWT is accepted although it names another account than its session.',
        '(parsed.subject !== undefined && parsed.subject !== String(found.account.id))',
        'parsed.subject === String(-found.account.id)',
        ['hostile/jwt', 'dialects/auth/token', 'core/sessions/sessions'],
      ],
      [
        'A session in use never reaches its absolute limit.',
        'const expiresAtMs = Math.min(now + idleMs, createdAtMs + absoluteMs);\n    store',
        'const expiresAtMs = now + idleMs;\n    store',
      ],
      [
        'Use of a session does not extend it.',
        'if (now - lastSeenAtMs < extendAfterMs) return false;',
        'if (now > 0) return false;',
      ],
      [
        'A user can end a session of another account.',
        'const whereIt = and(eq(sessions.userId, accountId), eq(sessions.id, sessionId));',
        'const whereIt = eq(sessions.id, sessionId);',
        ['dialects/id/sessions', 'pages/sessions-and-audit-log'],
      ],
      [
        'A failed login ends the current session of the browser.',
        ".where(and(eq(sessions.id, id ?? ''), whereAccountExists(db, onlyIf)));",
        ".where(eq(sessions.id, id ?? ''));",
        ['core/login/login-races'],
      ],
      [
        'A rejected change of credentials renews the session.',
        '.where(and(eq(sessions.id, id), whereAccountExists(db, onlyIf)))',
        '.where(eq(sessions.id, id))',
        ['dialects/id/renewal', 'core/login/login-races', 'dialects/id/credentials'],
      ],
      [
        'An account can have one session more than the limit.',
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
        'A cookie is accepted as a token while only KV is read.',
        'const isOfKind = !kinds || kinds.includes(found.session.kind);',
        'const isOfKind = !kinds || kinds.length > 0;',
        ['core/sessions/parallel-reads', 'core/sessions/token-kinds'],
      ],
      [
        'A session is refused if the replica has not seen its login.',
        'isPrimary: meta.served_by_primary === true,',
        'isPrimary: true,',
        ['faults/replica-lag'],
      ],
      [
        'The primary is trusted to have answered if D1 does not say so.',
        'isPrimary: meta.served_by_primary === true,',
        'isPrimary: meta.served_by_primary !== false,',
        ['core/store/budgets'],
      ],
      [
        'A session is read from KV alone for longer than a minute.',
        'age >= CACHED_MS',
        'age >= 100 * CACHED_MS',
        ['core/sessions/parallel-reads', 'faults/replica-lag'],
      ],
      [
        'A password change does not end the other sessions.',
        'eq(sessions.userId, userId ?? 0),',
        'eq(sessions.userId, 0),',
        ['dialects/id/password'],
      ],
      [
        'Ending all other sessions also ends the current one.',
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
        'A session that is never used lives longer than the absolute limit.',
        'createdAtMs + Math.min(idleMs, absoluteMs)',
        'createdAtMs + idleMs',
        ['core/sessions/session-expiry'],
      ],
      ['The session of a JWT is accepted as a cookie.', "{ kinds: ['cookie'], id }", '{ kinds: null, id }'],
    ],
  ),
  ...inFile(
    'src/core/sessions/jwt.ts',
    ['hostile/jwt', 'core/sessions/jwt'],
    [
      ['A client chooses the algorithm of its JWT.', 'if (header !== ENCODED_HEADER) return null;', ''],
      [
        'An expired JWT is accepted.',
        'claims && claims.exp * 1000 > nowMs',
        'claims && claims.exp * 1000 > 0',
      ],
      [
        'Anyone can forge JWTs.',
        "if (!(await keyring.verify('jwt', `${header}.${payload}`, signatureBytes))) return null;",
        '',
      ],
      [
        'One JWT is accepted in several spellings.',
        'return encode(bytes) === text ? bytes : null;',
        'return bytes;',
      ],
    ],
  ),
  ...inFile(
    'src/core/secrets.ts',
    ['core/secrets'],
    [
      ['A changed HKDF label voids every token.', '`latchkey ${purpose}`', '`latchkey-${purpose}`'],
      ['All purposes share one signing key.', '`latchkey ${purpose}`', "'latchkey'"],
      [
        'A rotation of TOKEN_SECRET voids everything that was signed before.',
        'for (const [index, secret] of secrets.entries()) {',
        'for (const [index, secret] of secrets.slice(0, 1).entries()) {',
        ['core/secrets'],
      ],
      [
        'Two texts of the same length compare as equal.',
        'left.byteLength === right.byteLength && crypto.subtle.timingSafeEqual(left, right)',
        'left.byteLength === right.byteLength',
      ],
      [
        'Tokens are stored unhashed.',
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
        'A short TOKEN_SECRET_PREVIOUS is accepted.',
        'TOKEN_SECRET_PREVIOUS: secret({\n    minCharacters: MIN_SECRET_CHARACTERS,',
        'TOKEN_SECRET_PREVIOUS: secret({\n    minCharacters: 1,',
      ],
      [
        'A short TOKEN_SECRET is accepted.',
        'TOKEN_SECRET: requiredSecret({\n    minCharacters: MIN_SECRET_CHARACTERS,',
        'TOKEN_SECRET: requiredSecret({\n    minCharacters: 1,',
      ],
      ['Access tokens can live for days.', 'max: MAX_ACCESS_TOKEN_MINUTES,', 'max: 100_000,'],
    ],
  ),
  ...inFile(
    'src/core/throttle/counters.ts',
    ['security/throttle-waits'],
    [
      [
        'One attempt more than the limit needs no wait.',
        'mayAttempt: sql`${count} < ${freeFailures} OR',
        'mayAttempt: sql`${count} <= ${freeFailures} OR',
      ],
      [
        'The wait does not grow with further failures.',
        '${nowMs} >= ${atMs} + 1000 * min(${maxWaitSeconds}, ${doubled})',
        '${nowMs} >= ${atMs} + 1000 * ${firstWaitSeconds}',
      ],
      [
        'Failed logins never cause a wait.',
        '.where(and(source.account, sql`(${rules.mayAttempt})`))',
        '.where(source.account)',
      ],
      [
        'A successful login resets the failures of other clients.',
        'CASE WHEN ${count} <= 0 THEN json_remove(${failures}, ${pathOf(ACCOUNT)})',
        'CASE WHEN 1 THEN json_remove(${failures}, ${pathOf(ACCOUNT)})',
        ['security/throttle-networks'],
      ],
      [
        'An unknown name is never throttled, which reveals who has an account.',
        'setWhere: sql`NOT (${isSame}) OR ${rules.mayAttempt}`',
        'setWhere: sql`1`',
        ['security/throttle-identifiers', 'security/enumeration'],
      ],
      [
        'Any device mark gives free attempts at every account.',
        'CASE WHEN ${isKnown} AND (${isCounted} OR ${hasRoom}) THEN',
        'CASE WHEN (${isCounted} OR ${hasRoom}) THEN',
        ['security/throttle-devices'],
      ],
      [
        'An attacker with many device marks gets a counter for each.',
        'const MAX_DEVICES = 8;',
        'const MAX_DEVICES = 1000;',
        ['security/throttle-devices', 'security/throttle-owner'],
      ],
      [
        'A right password without the second factor resets the failures.',
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
        'An outage after a right password counts as a failed attempt.',
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
        'Anyone can forge device marks.',
        "if (!(await keyring.verify('device', signed, Uint8Array.fromHex(signature)))) return null;",
        '',
      ],
      [
        'A device mark never expires.',
        'if (Number(seconds) + DEVICE_SECONDS < nowMs() / 1000) return null;',
        '',
        ['security/throttle-devices', 'core/throttle/trusted-devices', 'hostile/devices'],
      ],
      [
        'The trust in a browser never expires.',
        'mark === own && untilMs > nowMs() && factorIds',
        'mark === own && factorIds',
        ['core/throttle/trusted-devices'],
      ],
      [
        'A browser that one account trusts is trusted for all accounts.',
        'mark === own && untilMs > nowMs()',
        'untilMs > nowMs()',
        ['core/throttle/trusted-devices'],
      ],
      [
        'A browser stays trusted after the factor is removed.',
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
      [
        'An unknown name is rejected faster than a wrong password.',
        'passwords.verifyNothing(password),',
        'Promise.resolve(false),',
      ],
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
        'An app password of one dialect is accepted in all.',
        '\n    AND (a.dialect IS NULL OR a.dialect = ${dialect}))`;',
        ')`;',
      ],
      [
        'An app password of one account is accepted for another.',
        'WHERE a.user_id = users.id AND a.hash = ${hash}',
        'WHERE a.hash = ${hash}',
      ],
      [
        'An authenticator app that was never confirmed locks its owner out.',
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
        'Login never asks for a second factor.',
        '? isProtected && !isTrusted(device, candidate)',
        '? isProtected && isTrusted(device, candidate)',
      ],
      [
        'A client that does not support second factors logs in without one.',
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
        'An unverified address logs in despite REQUIRE_VERIFIED_EMAIL.',
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
        'A login that loses a race resets the counter and restores an old password.',
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
        'The last admin can be removed.',
        'or(eq(users.isAdmin, false), exists(otherAdmins(db, id)));',
        'or(eq(users.isAdmin, false), eq(users.isAdmin, true));',
        ['dialects/id/admin-last'],
      ],
      [
        'A disabled admin counts as a remaining admin.',
        '        sql`${users.isAdmin} = 1`,\n        isNull(users.disabledAtMs),',
        '        sql`${users.isAdmin} = 1`,',
        ['dialects/id/admin-last'],
      ],
      [
        'A session of another account can authorize a change.',
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
        'A client with an app password can change the password of the account.',
        "if (session.appPasswordId !== null) return err({ reason: 'reauthenticate' } as const);",
        '',
      ],
      [
        'A stolen session and the password are enough for a change despite a second factor.',
        'checked.value.candidate.factors.length === 0 || session.factor !== null',
        'checked.value.candidate.factors.length === 0 || session.factor !== undefined',
      ],
      [
        'A new password leaves attackers signed in.',
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
        'A new email address counts as verified.',
        ', ...(isSame ? {} : { emailVerifiedAtMs: null })',
        '',
        ['dialects/id/email-change', 'dialects/id/email'],
      ],
      [
        'A new email address takes effect before it is verified.',
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
        'Passwords such as abcdefgh are accepted.',
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
        'All hashes share one salt.',
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
        'A password with a trailing NUL equals the password without it.',
        'return bytes.at(-1) === 0 ? Uint8Array.of(...bytes, END_MARK) : bytes;',
        'return bytes;',
      ],
      [
        'A stored hash with a cost beyond the limits is computed.',
        'if (!isRunnableCost(cost)) return null;',
        '',
        ['hostile/hashes', 'core/credentials/passwords'],
      ],
      ['A password is hashed with a third of the work.', 'round < cost.rounds', 'round < 1'],
      [
        'A call of PBKDF2 has more iterations than the runtime accepts.',
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
        'A password reset leaves an attacker signed in.',
        '...endAllSessions(db, holds),',
        '...endAllSessions(db, sql`0`),',
      ],
      [
        'A squatter keeps credentials after the owner of the address resets the password.',
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
        'A mailed link never expires.',
        'gt(proofs.expiresAtMs, nowMs),\n        boundState(purpose),',
        'boundState(purpose),',
      ],
      [
        'A mailed link outlives a password change.',
        'gt(proofs.expiresAtMs, nowMs),\n        boundState(purpose),',
        'gt(proofs.expiresAtMs, nowMs),',
      ],
      [
        'A proof of one account is accepted for another.',
        'sql`(${users.id} = ${account} AND ${users.disabledAtMs} IS NULL AND EXISTS ${proof})`',
        'sql`(${users.disabledAtMs} IS NULL AND EXISTS ${proof})`',
        ['core/proofs/flows', 'pages/mail', 'core/store/query-plans'],
      ],
      [
        'A proof of a disabled account is accepted.',
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
        'A request for another mailed code resets the number of guesses.',
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
      [
        'A mailed token of one purpose is accepted for another.',
        '=> `${purpose} ${id}`;',
        '=> (purpose ? id : id);',
      ],
      ['Anyone who can read D1 can forge mailed tokens.', 'return isOurs ? id : null;', 'return id;'],
      [
        'Any eight digits are accepted as the mailed code.',
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
        'An old address that was never verified can undo the change and take the account.',
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
        'A stranger can flood a mailbox.',
        'sql`((${since(HOUR_MS)}) < ${MAX_MAILS_AN_HOUR} AND (${since(DAY_MS)}) < ${MAX_MAILS_A_DAY})`',
        'sql`1`',
      ],
    ],
  ),
  ...inFile(
    'src/core/admin/admin.ts',
    ['dialects/id/admin-account'],
    [
      [
        'Disabling an account again changes its disabled time.',
        'sql`coalesce(${users.disabledAtMs}, ${now})`',
        'now',
      ],
      [
        'A disabled account stays signed in.',
        "action === 'disabled' ? id : null, whereChangeable)",
        'null, whereChangeable)',
      ],
    ],
  ),
];
