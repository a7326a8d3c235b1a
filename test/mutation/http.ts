// Mutants of what stands between a request and the core: CSRF, cookies, credentials, headers, bodies, floods.
import { inFile } from './mutant.ts';

export const httpMutants = [
  ...inFile(
    'src/http/auth/auth.ts',
    ['security/same-site'],
    [
      [
        'A foreign page may use a visitor’s cookie.',
        "const isCookieGood = auth.via === 'none' || auth.via.includes('cookie');",
        "const isCookieGood = auth.via === 'none';",
      ],
      [
        'A foreign page may log a visitor’s browser in.',
        "const isCookieGood = auth.via === 'none' || auth.via.includes('cookie');",
        "const isCookieGood = auth.via !== 'none' && auth.via.includes('cookie');",
      ],
      [
        'A link on a foreign page logs a visitor out.',
        'if (auth.csrf) return auth.csrf.check;',
        '',
        ['dialects/users/logout'],
      ],
      [
        'Every account is an admin.',
        "if (!account.isAdmin) return { reason: 'forbidden' };",
        '',
        ['dialects/id/admin-refusals'],
      ],
      [
        'REQUIRE_ADMIN_FACTOR requires nothing.',
        'if (c.var.httpSettings.requireAdminFactor && session.factor === null)',
        'if (c.var.httpSettings.requireAdminFactor && session.factor === undefined)',
        ['dialects/id/reauthenticate'],
      ],
      [
        'A stolen session needs no proof for what it must not do.',
        'auth.recent && !c.var.core.sessions.isRecent(session)',
        'auth.recent && c.var.core.sessions.isRecent(session) === undefined',
        ['dialects/id/reauthenticate', 'pages/confirm'],
      ],
      [
        'The value of a cookie is good in the Authorization header.',
        "sessions.authenticate(authorization.token, 'header', auth.reads)",
        "sessions.authenticate(authorization.token, 'cookie', auth.reads)",
        ['core/sessions/token-kinds', 'dialects/id/credentials'],
      ],
      [
        'A token is good as a cookie.',
        "sessions.authenticate(cookie, 'cookie', reads)",
        "sessions.authenticate(cookie, 'header', reads)",
        ['dialects/users/credentials'],
      ],
      [
        'A bad token is passed over, and the cookie beside it counts.',
        "if (!principal) return respondProblem(c, { reason: 'credentials', why: 'invalid' });",
        '',
        ['dialects/users/credentials'],
      ],
    ],
  ),
  ...inFile(
    'src/http/auth/authorization.ts',
    ['http/credentials', 'dialects/conjugator/credentials'],
    [
      [
        'A header with two tokens counts as one.',
        "rest.length > 0 ? { why: 'spaces' } : { token }",
        '{ token }',
      ],
      [
        'A token without a scheme is good in every dialect.',
        'allowBare && token === undefined',
        'token === undefined',
      ],
    ],
  ),
  ...inFile(
    'src/http/auth/same-site.ts',
    ['security/same-site', 'security/same-site-scope'],
    [
      [
        'A page of another site counts as our own.',
        "case 'cross-site':\n      return true;",
        "case 'cross-site':\n      return false;",
      ],
      [
        'A page of a sister domain counts as our own.',
        'return origin !== ownOrigin;\n    default',
        'return false;\n    default',
      ],
      [
        'A browser without Sec-Fetch-Site is never checked.',
        'return origin !== undefined && origin !== ownOrigin;',
        'return false;',
      ],
      [
        'OPEN_TOKEN_DIALECTS opens the dialects with cookies too.',
        '  !surface.usesCookie &&\n',
        '',
        ['security/open-tokens', 'security/cors'],
      ],
      [
        'OPEN_TOKEN_DIALECTS opens what is outside the dialects.',
        " && surface.basePath !== '')",
        ')',
        ['security/open-tokens', 'security/cors'],
      ],
      [
        'The dialects are open to every page by default.',
        'httpSettings.openTokenDialects && ',
        '',
        ['security/cors'],
      ],
    ],
  ),
  ...inFile(
    'src/http/origins.ts',
    ['security/cors'],
    [
      [
        'Pages at loopback names may use a deployed service with cookies.',
        '(isLoopback(origin) && isLoopback(c.req.url))',
        'isLoopback(origin)',
      ],
      [
        'A name that only contains localhost counts as loopback.',
        '/^(?:localhost|',
        '/(?:localhost|',
        ['security/https'],
      ],
    ],
  ),
  ...inFile(
    'src/http/browsers.ts',
    ['security/headers'],
    [
      [
        'Caches may keep the data of an account.',
        "'Cache-Control': 'no-store'",
        "'Cache-Control': 'private'",
      ],
      ['Any page may frame an answer.', "frame-ancestors 'none'", 'frame-ancestors *'],
      ['A browser may guess another media type.', "'X-Content-Type-Options': 'nosniff',", ''],
      [
        'Browsers may go back to http.',
        "c.header('Strict-Transport-Security', HSTS);",
        "c.header('X-Nothing', HSTS);",
      ],
      [
        'Every page may read answers to requests with cookies.',
        'if (isAllowed) return withCredentials(c, next);',
        'if (origin !== undefined) return withCredentials(c, next);',
        ['security/cors'],
      ],
    ],
  ),
  ...inFile(
    'src/http/auth/cookies.ts',
    ['dialects/users/cookie', 'security/https'],
    [
      ['Scripts may read the session cookie.', 'httpOnly: true', 'httpOnly: false'],
      ['Foreign pages send the session cookie with forms.', "sameSite: 'Lax'", "sameSite: 'None'"],
      ['The session cookie travels over plain http.', 'secure: isSecure(c)', 'secure: false'],
      [
        'Logging out leaves the cookie in the browser.',
        'const maxAge = token === null ? 0 :',
        'const maxAge =',
        ['dialects/users/logout'],
      ],
    ],
  ),
  ...inFile(
    'src/http/auth/require-https.ts',
    ['security/https'],
    [
      [
        'Passwords are accepted over plain http.',
        "c.get('httpSettings').allowHttp || isLoopback(c.req.url)) return next();",
        "c.get('httpSettings').allowHttp !== undefined) return next();",
      ],
    ],
  ),
  ...inFile(
    'src/http/auth/flood-guard.ts',
    ['security/flood-guard'],
    [
      ['The changes of one account use up those of all.', '`account:${principal.account.id}`', "'account'"],
      [
        'An address is never limited.',
        '(await c.var.withinRate(limit, key))',
        '(await c.var.withinRate(limit, key)) !== null',
      ],
      [
        'A client may name its own address.',
        "c.req.header('CF-Connecting-IP')",
        "c.req.header('X-Forwarded-For')",
      ],
    ],
  ),
  ...inFile(
    'src/http/client.ts',
    ['security/flood-guard', 'http/client'],
    [
      [
        'Each address of an IPv6 /64 is a client of its own.',
        '(addressPrefix(address) ?? address)',
        'address',
        ['security/flood-guard'],
      ],
      [
        'Whole addresses are stored.',
        'const KEPT_V4_NUMBERS = 3;',
        'const KEPT_V4_NUMBERS = 4;',
        ['http/client'],
      ],
    ],
  ),
  ...inFile(
    'src/http/app.ts',
    ['http/request-id'],
    [
      [
        'A client writes its own text into the log as a request id.',
        'const requestId = crypto.randomUUID();',
        "const requestId = c.req.header('X-Request-Id') ?? crypto.randomUUID();",
      ],
    ],
  ),
  ...inFile(
    'src/http/log.ts',
    ['security/log', 'security/log-secrets'],
    [
      [
        'The log holds paths and queries, and with them tokens of links.',
        '      route,',
        '      route: c.req.url,',
      ],
    ],
  ),
  ...inFile(
    'src/http/body/body.ts',
    ['http/body'],
    [
      [
        'A body without a length is read whole, however long.',
        'if (length > MAX_BODY_BYTES) return null;',
        '',
      ],
    ],
  ),
  ...inFile(
    'src/http/body/json.ts',
    ['http/json', 'http/body'],
    [
      ['JSON may be nested without a bound.', 'if (depth > MAX_DEPTH) return true;', ''],
      [
        'Two passwords that are no UTF-8 become one.',
        '{ fatal: true, ignoreBOM: false }',
        '{ fatal: false, ignoreBOM: false }',
        ['http/body'],
      ],
    ],
  ),
  ...inFile(
    'src/http/body/form.ts',
    ['http/form'],
    [
      [
        'Two passwords of a form that are no UTF-8 become one.',
        '{ fatal: true, ignoreBOM: true }',
        '{ fatal: false, ignoreBOM: true }',
      ],
    ],
  ),
  ...inFile(
    'src/http/body/schemas.ts',
    ['dialects/id/passwords', 'dialects/id/register-fields'],
    [
      [
        'A password of seven characters is accepted.',
        'const MIN_PASSWORD_CHARACTERS = 8;',
        'const MIN_PASSWORD_CHARACTERS = 7;',
      ],
    ],
  ),
  ...inFile(
    'src/dialects/id/login.ts',
    ['dialects/id/flood'],
    [
      [
        'Logins of id are not limited.',
        "path: '/login',\n  auth: anyone,\n  limit: 'login',",
        "path: '/login',\n  auth: anyone,",
      ],
      ['Registrations of id are not limited.', "limit: 'registration',", ''],
    ],
  ),
  ...inFile(
    'src/pages/password.tsx',
    ['security/flood-guard-forms'],
    [['The form of the password is not limited.', "limit: 'login',", '']],
  ),
  ...inFile(
    'src/pages/names.tsx',
    ['security/flood-guard-forms'],
    [
      [
        'The form of the email is not limited.',
        "path: '/email',\n  auth: owner,\n  limit: 'login',",
        "path: '/email',\n  auth: owner,",
      ],
    ],
  ),
  ...inFile(
    'src/pages/data.tsx',
    ['security/flood-guard-forms'],
    [['The form that deletes the account is not limited.', "limit: 'login',", '']],
  ),
  ...inFile(
    'src/pages/layout.tsx',
    ['pages/wire', 'pages/mail'],
    [
      [
        'A script that got into a page may run.',
        "\"default-src 'none'; style-src 'self'",
        "\"default-src 'none'; script-src *; style-src 'self'",
        ['pages/wire'],
      ],
      ['Forms of our pages may be sent elsewhere.', "form-action 'self'", 'form-action *', ['pages/wire']],
      [
        'The address of a page with a token leaks to other sites.',
        "sheet.hidesAddress ? 'no-referrer' : 'same-origin'",
        "'same-origin'",
        ['pages/mail'],
      ],
    ],
  ),
  ...inFile(
    'src/pages/own-path.ts',
    ['pages/sign-in', 'pages/paths', 'pages/confirm'],
    [
      [
        'Signing in sends people to a foreign page.',
        'to !== undefined && isOwnPath(to) ? to',
        'to !== undefined ? to',
      ],
    ],
  ),
];
