// Mutants of the services for apps and other servers: OpenID Connect, access tokens, RPC calls of other Workers.
import { inFile } from './mutant.ts';

export const providerMutants = [
  ...inFile(
    'src/core/sessions/other-services.ts',
    ['oidc/who-may'],
    [
      [
        'An app password signs in to apps, which bypasses the second factor.',
        "if (session.appPasswordId !== null) return err({ reason: 'reauthenticate' });",
        '',
      ],
      [
        'An unverified address signs in to apps and other servers.',
        "return mustVerifyEmail(policy, account) ? err({ reason: 'unverified_email' }) : ok(null);",
        "return mustVerifyEmail(policy, account) && !session ? err({ reason: 'unverified_email' }) : ok(null);",
      ],
      [
        'Every address counts as verified for apps and other servers.',
        'requiresVerifiedEmail && emailVerifiedAtMs === null;',
        'requiresVerifiedEmail && emailVerifiedAtMs === 0;',
      ],
    ],
  ),
  ...inFile(
    'src/core/provider/authentication.ts',
    ['oidc/authentication-methods'],
    [
      [
        'Apps are told that a password was shown after a sign-in with a mailed code.',
        "firstFactor === 'email_code' ? 'otp' : 'pwd'",
        "firstFactor === 'email_code' ? 'pwd' : 'pwd'",
      ],
      [
        'Apps are told of a sign-in for a token that another service issued.',
        'if (authenticatedAtMs === null) return [];',
        '',
      ],
    ],
  ),
  ...inFile(
    'src/core/provider/authorization-request.ts',
    ['oidc/attacks'],
    [
      [
        'A code is sent to an address that is not registered.',
        'if (more.length > 0 || !isRegistered(redirectUri, app.redirectUris))',
        'if (more.length > 0)',
      ],
      [
        'A second redirect_uri is ignored.',
        'if (more.length > 0 || !isRegistered(redirectUri, app.redirectUris))',
        'if (!isRegistered(redirectUri, app.redirectUris))',
      ],
      [
        'PKCE can be omitted.',
        "    codeChallenge === null ||\n    value('code_challenge_method') !== 'S256' ||\n    !CHALLENGE_FORM.test(codeChallenge)\n",
        '    codeChallenge !== null && !CHALLENGE_FORM.test(codeChallenge)\n',
      ],
      ['The PKCE method plain is accepted.', "    value('code_challenge_method') !== 'S256' ||\n", ''],
      [
        'A request with two values of one parameter is accepted.',
        "if (hasTwice(parameters)) return refuse('invalid_request', 'A parameter came twice.');",
        '',
      ],
      [
        'A token is sent in the address of a page.',
        "if (responseType !== 'code') return refuse('unsupported_response_type', 'response_type must be code.');",
        '',
      ],
      [
        'A request asks silently and with a page at once.',
        "if (prompts.includes('none') && prompts.length > 1)",
        "if (prompts.includes('none') && prompts.length > 9)",
        ['oidc/attacks', 'oidc/requests'],
      ],
      [
        'An email of a request is in an address of the service.',
        'if (READ.has(name)) return [[name, value] as const];',
        'return [[name, value] as const];',
        ['oidc/requests', 'oidc/flow'],
      ],
      [
        'A sign-in is accepted for any resource that an app names.',
        'if (resources.length > 1 || (resource !== null && !audiences.includes(resource)))',
        'if (resources.length > 1)',
      ],
      [
        'An app gets scopes that it did not ask for.',
        'SCOPES.filter((scope) => asked.includes(scope))',
        "SCOPES.filter((scope) => asked.includes(scope) || scope === 'email')",
        ['oidc/flow', 'oidc/attacks', 'oidc/requests'],
      ],
      ['An app cannot distinguish the answers of two providers.', ', iss: issuer }))', ' }))'],
      [
        'An app cannot tell which of its requests an answer is for.',
        '...(state !== null && { state }), ',
        '',
        ['oidc/flow', 'oidc/attacks'],
      ],
    ],
  ),
  ...inFile(
    'src/core/provider/redirects.ts',
    ['oidc/attacks'],
    [
      [
        'Any address that begins with a registered one is accepted.',
        'registered.includes(uri) ||',
        'registered.some((each) => uri.startsWith(each)) ||',
      ],
      [
        'Any path on a registered loopback address is accepted.',
        'return known.href === asked.href;',
        'return known.origin === asked.origin;',
      ],
      [
        'The port may differ from the registered one on every host.',
        'if (!asked || !known || !isLoopback(asked) || !isLoopback(known))',
        'if (!asked || !known)',
      ],
      [
        'An app can register an address without https.',
        "return url.protocol === 'https:' || isLoopback(url)",
        "return url.protocol === 'https:' || url.protocol === 'http:'",
      ],
      [
        'An app can register an address with user information.',
        "url.username !== '' || url.password !== '' || ",
        '',
      ],
    ],
  ),
  ...inFile(
    'src/core/outbound-url.ts',
    ['core/outbound-url'],
    [
      [
        'The service sends requests to addresses of a private network.',
        "return url.protocol === 'https:' && isPublicName(url.hostname) ? url : null;",
        "return url.protocol === 'https:' ? url : null;",
      ],
      ['The service sends requests to names of a private network.', 'PUBLIC_NAME.test(hostname) &&', ''],
      [
        'A deployed service sends requests to loopback names.',
        'if (allowsLoopback && isLoopbackName',
        'if (isLoopbackName',
      ],
    ],
  ),
  ...inFile(
    'src/core/provider/metadata-documents.ts',
    ['oidc/documents'],
    [
      [
        'A client metadata document can claim another app’s client_id.',
        "if (fields['client_id'] !== url.href) return fault('client_id');",
        '',
      ],
      [
        'A stranger can make the service flood another host.',
        "if (!(await mayFetch(url.host))) return { ok: false, fault: 'throttled' };",
        '',
      ],
      ['One document is accepted under several spellings of its address.', 'url.href === id && ', ''],
      ['The service fetches documents from its own host.', '&& url.host !== host ', ''],
    ],
  ),
  ...inFile(
    'src/http/load-document.ts',
    ['oidc/documents'],
    [
      [
        'A document is read without a limit.',
        'if (bytes.length + value.byteLength > MAX_DOCUMENT_BYTES) {',
        'if (bytes.length < 0) {',
      ],
      ['The redirect of a document is followed.', "redirect: 'manual',", "redirect: 'follow',"],
    ],
  ),
  ...inFile(
    'src/core/provider/grant-tokens.ts',
    ['oidc/attacks'],
    [
      [
        'Anyone who can read D1 can forge authorization codes.',
        "return (await keyring.verify('authorization code', grantId, bytes)) ? grantId : null;",
        'return bytes ? grantId : null;',
      ],
      [
        'Anyone who can read D1 can forge refresh tokens.',
        'return isOurs ? { grantId, count: Number(count) } : null;',
        'return { grantId, count: Number(count) };',
      ],
      [
        'An authorization code is accepted as a refresh token.',
        "keyring.sign('refresh token', text)",
        "keyring.sign('authorization code', grantId)",
        ['oidc/flow'],
      ],
    ],
  ),
  ...inFile(
    'src/core/provider/grants.ts',
    ['oidc/attacks'],
    [
      [
        'An authorization code never expires.',
        'gt(appGrants.createdAtMs, now - CODE_SECONDS * 1000)))\n            .returning',
        'gt(appGrants.createdAtMs, 0)))\n            .returning',
      ],
      [
        'An authorization code is accepted twice.',
        'db.delete(appGrants).where(and(ofApp(id, appId), isNotNull(appGrants.redeemedAtMs))),',
        'db.delete(appGrants).where(and(ofApp(id, appId), sql`0`)),',
      ],
      [
        'A code of one app is accepted for another.',
        'const ofApp = (id: string, appId: string) => and(eq(appGrants.id, id), eq(appGrants.appId, appId));',
        'const ofApp = (id: string, _appId: string) => eq(appGrants.id, id);',
      ],
      [
        'A refresh token is accepted twice.',
        'or(gt(appGrants.refreshCount, count + 1), lte(appGrants.refreshedAtMs, startOfGrace)),',
        'gt(appGrants.refreshCount, count + 1),',
      ],
      [
        'Reuse of an old refresh token ends nothing.',
        'or(gt(appGrants.refreshCount, count + 1), lte(appGrants.refreshedAtMs, startOfGrace)),',
        'and(eq(appGrants.refreshCount, count + 1), lte(appGrants.refreshedAtMs, startOfGrace)),',
      ],
      [
        'Tokens of an app work for a disabled account.',
        '            isNull(users.disabledAtMs),\n',
        '',
        ['oidc/attacks', 'oidc/flow'],
      ],
      [
        'Tokens of an app outlive the session.',
        '            gt(sessions.expiresAtMs, nowMs()),\n',
        '',
        ['oidc/attacks', 'oidc/flow'],
      ],
      [
        'An app keeps its tokens after its consent is withdrawn.',
        'db.delete(appGrants).where(and(eq(appGrants.userId, userId), eq(appGrants.appId, appId))),\n',
        'db.delete(appGrants).where(and(eq(appGrants.userId, 0), eq(appGrants.appId, appId))),\n',
        ['oidc/flow'],
      ],
      [
        'A withdrawn consent is not deleted.',
        'db.delete(appConsents).where(consent),\n',
        'db.delete(appConsents).where(and(consent, sql`0`)),\n',
        ['oidc/flow'],
      ],
      [
        'Consent to a new scope forgets the earlier ones.',
        'sql`trim(${scopesOfBoth})`',
        'sql`excluded.scope`',
        ['oidc/requests'],
      ],
      [
        'An account has any number of apps.',
        '.offset(MAX_APPS - 1),',
        '.offset(NO_LIMIT - 1),',
        ['oidc/requests', 'oidc/piles'],
      ],
      [
        'One account ends the consent of another.',
        'const consent = and(eq(appConsents.userId, userId), eq(appConsents.appId, appId));',
        'const consent = and(eq(appConsents.appId, appId), eq(sql`${userId}`, userId));',
        ['oidc/flow', 'oidc/requests'],
      ],
      [
        'The sign-in of a token is as recent as the last authentication of the session.',
        'signedInAtMs === null\n        ? session',
        'signedInAtMs !== null\n        ? session',
        ['oidc/flow', 'oidc/requests'],
      ],
      [
        'A session can have any number of grants.',
        'endOldest(db, and(ofSession, may), MAX_GRANTS),',
        '',
        ['oidc/requests'],
      ],
      [
        'One app can fill a session with grants.',
        'endOldest(db, and(ofSession, eq(appGrants.appId, app.id), may), MAX_GRANTS_OF_APP),',
        '',
        ['oidc/requests'],
      ],
    ],
  ),
  ...inFile(
    'src/core/provider/apps.ts',
    ['oidc/attacks', 'oidc/flow'],
    [
      [
        'Any secret is accepted for an app.',
        'secret !== null && equalTexts(await sha256Hex(secret), secretHash);',
        'secret !== null;',
      ],
      [
        'An app with a secret can authenticate without it.',
        'secretHash === null ? secret === null : secret !== null &&',
        'secret === null ? true :',
      ],
    ],
  ),
  ...inFile(
    'src/core/provider/provider.ts',
    ['oidc/attacks'],
    [
      [
        'The PKCE verifier is not compared.',
        'VERIFIER_FORM.test(verifier) &&\n      equalTexts(await s256(verifier), live.grant.codeChallenge)',
        'VERIFIER_FORM.test(verifier)',
      ],
      [
        'A code can be redeemed with another redirect_uri.',
        '      isSameAddress &&\n      VERIFIER_FORM',
        '      VERIFIER_FORM',
      ],
      [
        'An app token of another issuer is accepted.',
        "if (iss !== settings.issuer || typeof exp !== 'number' || exp * 1000 <= nowMs()) return null;",
        "if (typeof exp !== 'number' || exp * 1000 <= nowMs()) return null;",
        ['oidc/attacks', 'oidc/flow'],
      ],
      [
        'An expired app token is accepted.',
        "if (iss !== settings.issuer || typeof exp !== 'number' || exp * 1000 <= nowMs()) return null;",
        'if (iss !== settings.issuer) return null;',
        ['oidc/attacks', 'oidc/flow'],
      ],
      [
        'One app can introspect the tokens of another.',
        'if (!live || live.grant.appId !== app.id) return null;',
        'if (!live) return null;',
        ['oidc/flow', 'oidc/attacks'],
      ],
      [
        'An app without a secret can introspect tokens.',
        'if (app?.secretHash == null) return null;',
        'if (!app) return null;',
        ['oidc/flow', 'oidc/attacks'],
      ],
      [
        'An app gets tokens for servers beyond the resource of its sign-in.',
        'audience === (before?.grant.resource ?? audience)',
        'true',
        ['oidc/server-tokens'],
      ],
      [
        'An app gets tokens for servers that the deployment does not name.',
        'settings.audiences.includes(audience) && audience',
        'audience',
        ['oidc/server-tokens'],
      ],
      [
        'A refresh token stays the same after it gave a token for a server.',
        'refreshToken: await tokens.refreshTokenOf(live.grant.id, read.count + 1),',
        'refreshToken,',
        ['oidc/server-tokens'],
      ],
      [
        'A server mistakes the token of an app for one of its owner.',
        '      client_id: grant.appId,\n      ...(scopes.length > 0 && { scope',
        '      ...(scopes.length > 0 && { scope',
        ['oidc/server-tokens'],
      ],
      [
        'An app receives claims beyond its scopes.',
        '...claimsOf(account, common.sub, scopes),\n        aud',
        "...claimsOf(account, common.sub, ['openid', 'profile', 'email']),\n        aud",
        ['oidc/flow'],
      ],
      [
        'An ID token has no nonce, so it passes for another sign-in.',
        '...(refreshCount === 0 && grant.nonce !== null && { nonce: grant.nonce }),',
        '',
        ['oidc/flow'],
      ],
      ['An ID token does not name its app.', 'aud: grant.appId,', 'aud: settings.issuer,', ['oidc/flow']],
      [
        'An app learns who a user is without consent.',
        "if (!request.app.asksConsent && !mustAsk) return { next: 'answer' };",
        "if (request.app.id !== '') return { next: 'answer' };",
        ['oidc/flow'],
      ],
      [
        'A program on the device passes for an app without a secret.',
        'request.asksConsent || !isAssured(request.app, request.redirectUri)',
        'request.asksConsent',
        ['oidc/requests'],
      ],
      [
        'A server can use the token of an app at userinfo.',
        "if (access?.audience !== settings.issuer) return { ok: false, error: 'invalid_token' };",
        "if (!access) return { ok: false, error: 'invalid_token' };",
        ['oidc/requests'],
      ],
      [
        'An app that expects one user gets another.',
        'if (hint !== null && hint.sub !== principal.account.publicId)',
        'if (hint === undefined)',
        ['oidc/requests'],
      ],
      [
        'The address of a request decides how old a sign-in may be.',
        'sinceSeconds !== null && sinceSeconds >= now - WAY_BACK_SECONDS && sinceSeconds <= now',
        'sinceSeconds !== null',
        ['oidc/requests'],
      ],
      [
        'An app that asks for two factors gets one.',
        '!wantsTwoFactors || hasTwoFactors(session) || !(await hasFactor(account.id))',
        '!wantsTwoFactors || hasTwoFactors(session) || account.id > 0',
        ['oidc/requests'],
      ],
      [
        'Consent to one scope counts for all.',
        'if (agreed !== null && request.scopes.every((scope) => known.includes(scope)))',
        'if (agreed !== null && known.length > 0)',
        ['oidc/flow'],
      ],
      [
        'A sign-in may be older than the app asks for.',
        'const isInTime = maxAgeSeconds === null || now - signedInAt <= maxAgeSeconds;',
        'const isInTime = now >= signedInAt;',
        ['oidc/flow'],
      ],
      [
        'A code gives a token for another server than the one that was asked for.',
        '    if (!isFor(parameters, live, settings.issuer)) {',
        '    if (!live) {',
        ['oidc/attacks', 'oidc/requests'],
      ],
      [
        'An app gets more at a refresh than its user agreed to.',
        'if (before && asked.some((scope) => !known.includes(scope)))',
        'if (before && asked.some((scope) => !known.includes(scope) && scope === String(before)))',
        ['oidc/attacks', 'oidc/requests'],
      ],
      [
        'An app that asks for fewer scopes at a refresh gets all of them.',
        'asked.length > 0 ? known.filter((each) => asked.includes(each)) : known,',
        'known,',
        ['oidc/attacks', 'oidc/requests'],
      ],
      [
        'A refresh token that was replaced is introspected as valid.',
        'return read && read.count !== live.grant.refreshCount ? null : { live, access };',
        'return { live, access };',
        ['oidc/flow', 'oidc/attacks'],
      ],
      [
        'A token of an app outlives the session that it was issued in.',
        'Math.min(settings.lifeSeconds, Math.ceil(session.expiresAtMs / 1000) - now);',
        'Math.max(settings.lifeSeconds, Math.ceil(session.expiresAtMs / 1000) * 0);',
        ['oidc/flow'],
      ],
      [
        'An ID token belongs to any access token.',
        '        at_hash: await leftHalf(accessToken),\n',
        "        at_hash: await leftHalf(''),\n",
        ['oidc/flow', 'oidc/requests'],
      ],
      [
        'An app without a hint that can be verified learns who is signed in, silently.',
        'if (request.idTokenHint !== null && hint === null && request.isSilent)',
        "if (request.idTokenHint === '' && hint === null && request.isSilent)",
        ['oidc/requests'],
      ],
      [
        'Two tokens of an app cannot be told apart.',
        '      jti: randomToken(random),\n',
        '      jti: grant.id,\n',
        ['oidc/flow', 'oidc/attacks'],
      ],
      [
        'A session is enough where the app asks for the password again.',
        'if (!asksLogin && isInTime) return true;',
        'if (isInTime) return true;',
        ['oidc/flow'],
      ],
      [
        'An ID token of another issuer signs people out.',
        '      iss !== settings.issuer ||\n      typeof aud',
        '      typeof aud',
        ['oidc/flow', 'oidc/attacks'],
      ],
    ],
  ),
  ...inFile(
    'src/core/provider/registry.ts',
    ['oidc/admin-apps'],
    [
      [
        'The previous secret of an app stays valid.',
        'db.update(apps).set({ secretHash }).where(isConfidential).returning({ id: apps.id }),',
        'db.update(apps).set({ id: apps.id }).where(isConfidential).returning({ id: apps.id }),',
      ],
      [
        'An app without a secret gets one, and its users can no longer sign in.',
        'const isConfidential = and(eq(apps.id, id), isNotNull(apps.secretHash));',
        'const isConfidential = and(eq(apps.id, id), isNotNull(apps.id));',
      ],
      [
        'The secret of an app is stored in clear.',
        'const secretHash = secret === null ? null : await sha256Hex(secret);',
        'const secretHash = secret;',
      ],
    ],
  ),
  ...inFile(
    'src/core/store/removed-apps.ts',
    ['oidc/admin-apps'],
    [
      [
        'The tokens of a removed app stay valid.',
        'or(hasDocument(appId), inArray(appId, db.select({ id: apps.id }).from(apps)));',
        'or(hasDocument(appId), sql`${appId} IS NOT NULL`, inArray(appId, db.select({ id: apps.id }).from(apps)));',
      ],
      [
        'A removed app keeps the consent of its users.',
        'return db.delete(appConsents).where(and(isOfApp, inArray(appConsents.userId, some)));',
        'return db.delete(appConsents).where(and(isOfApp, sql`0`, inArray(appConsents.userId, some)));',
      ],
    ],
  ),
  ...inFile(
    'src/http/oauth.ts',
    ['oidc/attacks'],
    [
      [
        'An app can authenticate in two ways that differ.',
        'if (!basic || inForm.secret !== null || (inForm.id !== null && inForm.id !== basic.id)) return null;',
        'if (!basic) return null;',
      ],
    ],
  ),
  ...inFile(
    'src/pages/oidc.tsx',
    ['oidc/flow', 'oidc/attacks'],
    [
      [
        'Sign-out redirects to any address.',
        'if (uri === null || !app?.signOutUris.includes(uri)) return null;',
        'if (uri === null) return null;',
      ],
      [
        'A link on another site signs people out.',
        'if (!principal || (sub !== null && principal.account.publicId === sub)) return endSession(c, url);',
        'if (!principal || sub === null || principal.account.publicId === sub) return endSession(c, url);',
      ],
      [
        'The ID token of one app signs people out to the address of another.',
        'if (hint !== null && hint.appId !== appId) return { sub: null, url: null };',
        '',
        ['oidc/flow', 'oidc/requests'],
      ],
      [
        'Denial of consent still issues a code.',
        "const isAllowed = findParameter(form, 'decision') === 'allow';",
        "const isAllowed = findParameter(form, 'decision') !== null;",
      ],
      [
        'One account can consent on a page that was shown to another.',
        "isAllowed ? (isOfOther ? null : 'allow') : 'deny'",
        "isAllowed ? 'allow' : 'deny'",
        ['oidc/requests'],
      ],
      [
        'Another site can consent for its visitor.',
        'asked again.\n  auth: visitor,',
        "asked again.\n  auth: { ...visitor, csrf: { check: false, reason: 'fault' } },",
      ],
    ],
  ),
  ...inFile(
    'src/core/provider/access-tokens.ts',
    ['core/provider/access-tokens', 'dialects/id/access-tokens'],
    [
      [
        'An expired access token is accepted.',
        "typeof exp !== 'number' || exp * 1000 <= nowMs()",
        "typeof exp !== 'number'",
      ],
      [
        'An access token for another audience is accepted.',
        "typeof aud !== 'string' || !settings.audiences.includes(aud) ||",
        "typeof aud !== 'string' ||",
      ],
      ['An access token of another issuer is accepted.', 'iss !== settings.issuer || ', ''],
      [
        'An access token outlives its session.',
        'Math.min(settings.lifeSeconds, Math.ceil(session.expiresAtMs / 1000) - nowSeconds)',
        'settings.lifeSeconds',
      ],
      [
        'A token of an app is accepted as a session of the account.',
        "if ('client_id' in claims) return null;",
        '',
      ],
      [
        'An access token is accepted for the session of another account.',
        'return principal?.account.publicId === sub ? principal : null;',
        'return principal;',
      ],
    ],
  ),
  ...inFile(
    'src/core/provider/es256.ts',
    ['core/provider/access-tokens', 'dialects/id/access-tokens'],
    [
      [
        'Anyone can forge access tokens.',
        'return isOurs ? readObject(payloadBytes) : null;',
        'return readObject(payloadBytes);',
      ],
      [
        'An ID token is accepted as an access token.',
        'const key = keys.find((each) => headerOf(typ, each) === header);',
        "const key = keys.find((each) => [typ, 'JWT', 'at+jwt'].some((any) => headerOf(any, each) === header));",
      ],
      [
        'An access token is accepted in several spellings of its signature.',
        'return encode(bytes) === text ? bytes : null;',
        'return bytes;',
      ],
    ],
  ),
  ...inFile(
    'src/rpc/accounts.ts',
    ['rpc/accounts'],
    [
      [
        'Another site can use a visitor’s cookie at another Worker.',
        'if (cookie === undefined || isForeign(headers, request)) return null;',
        'if (cookie === undefined) return null;',
      ],
      [
        'A change by another site counts as safe at another Worker.',
        "new Set(['GET', 'HEAD', 'OPTIONS'])",
        "new Set(['GET', 'HEAD', 'OPTIONS', 'POST'])",
      ],
      [
        'Headers without a request count as safe at another Worker.',
        'if (request && SAFE_METHODS.has(request.method)) return false;',
        "if (SAFE_METHODS.has(request?.method ?? 'GET')) return false;",
      ],
      [
        'A cookie is accepted as a token at another Worker.',
        "core.sessions.authenticate(token, 'header', 'nearest');",
        "core.sessions.authenticate(token, 'cookie', 'nearest');",
      ],
      [
        'An invalid token is ignored at another Worker in favour of the cookie.',
        "return 'token' in authorization ? signedIn(await identifyToken(authorization.token)) : null;",
        "if ('token' in authorization) { const found = await identifyToken(authorization.token); if (found) return signedIn(found); }",
      ],
    ],
  ),
];
