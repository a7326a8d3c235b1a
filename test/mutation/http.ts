// Mutants of the HTTP layer: CSRF, cookies, credentials, headers, bodies, rate limits.
import { inFile } from './mutant.ts';

export const httpMutants = [
  ...inFile(
    'src/http/auth/auth.ts',
    ['security/same-site'],
    [
      [
        'Another site can send requests with a visitor’s cookie.',
        "const isCookieGood = auth.via === 'none' || auth.via.includes('cookie');",
        "const isCookieGood = auth.via === 'none';",
      ],
      [
        'Another site can log a visitor’s browser in.',
        "const isCookieGood = auth.via === 'none' || auth.via.includes('cookie');",
        "const isCookieGood = auth.via !== 'none' && auth.via.includes('cookie');",
      ],
      [
        'A link on another site logs a visitor out.',
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
        'A stolen session can do what requires a recent sign-in.',
        "auth.recent && !c.get('core').sessions.isRecent(session)",
        "auth.recent && c.get('core').sessions.isRecent(session) === undefined",
        ['dialects/id/reauthenticate', 'pages/confirm'],
      ],
      [
        'The value of a cookie is accepted in the Authorization header.',
        "sessions.authenticate(authorization.token, 'header', auth.reads)",
        "sessions.authenticate(authorization.token, 'cookie', auth.reads)",
        ['core/sessions/token-kinds', 'dialects/id/credentials'],
      ],
      [
        'A token is accepted as a cookie.',
        "sessions.authenticate(cookie, 'cookie', reads)",
        "sessions.authenticate(cookie, 'header', reads)",
        ['dialects/users/credentials'],
      ],
      [
        'An invalid token is ignored in favour of the cookie beside it.',
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
        'An Authorization header with two tokens is accepted.',
        "rest.length > 0 ? { why: 'spaces' } : { token }",
        '{ token }',
      ],
      [
        'A token without a scheme is accepted in every dialect.',
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
        'A page of another site counts as a page of the service.',
        "case 'cross-site':\n      return true;",
        "case 'cross-site':\n      return false;",
      ],
      [
        'A page of a sibling domain counts as a page of the service.',
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
        'OPEN_TOKEN_DIALECTS opens paths outside the dialects.',
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
        'Pages on localhost can use a deployed service with cookies.',
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
        'Browsers may return to plain http.',
        "c.header('Strict-Transport-Security', HSTS);",
        "c.header('X-Nothing', HSTS);",
      ],
      [
        'Every site can read answers to requests with cookies.',
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
      ['Forms on other sites send the session cookie.', "sameSite: 'Lax'", "sameSite: 'None'"],
      ['The session cookie is sent over plain http.', 'secure: isSecure(c)', 'secure: false'],
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
      [
        'One account uses up the rate limit of all accounts.',
        '`account:${principal.account.id}`',
        "'account'",
      ],
      [
        'The rate limit is never enforced.',
        '(await c.var.withinRate(limit, key))',
        '(await c.var.withinRate(limit, key)) !== null',
      ],
      [
        'A client can choose its own address by a header.',
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
        'Each address of an IPv6 /64 counts as a separate client.',
        '(addressPrefix(address) ?? address)',
        'address',
        ['security/flood-guard'],
      ],
      [
        'Full IP addresses are stored.',
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
        'A client can write its own text into the log as a request id.',
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
        'The log contains paths and queries, and so the tokens of links.',
        "      route: c.get('route'),",
        '      route: c.req.url,',
      ],
    ],
  ),
  ...inFile(
    'src/http/body/body.ts',
    ['http/body'],
    [
      [
        'A body without Content-Length is read without a limit.',
        'if (length > MAX_BODY_BYTES) return null;',
        '',
      ],
    ],
  ),
  ...inFile(
    'src/http/body/json.ts',
    ['http/json', 'http/body'],
    [
      ['JSON can be nested without a limit.', 'if (depth > MAX_DEPTH) return true;', ''],
      [
        'Two different JSON passwords in invalid UTF-8 become the same.',
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
        'Two different form passwords in invalid UTF-8 become the same.',
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
        'Logins of id are not rate-limited.',
        "path: '/login',\n  auth: anyone,\n  limit: 'login',",
        "path: '/login',\n  auth: anyone,",
      ],
      ['Registrations of id are not rate-limited.', "limit: 'registration',", ''],
    ],
  ),
  ...inFile(
    'src/pages/password.tsx',
    ['security/flood-guard-forms'],
    [['The form that changes the password is not rate-limited.', "limit: 'login',", '']],
  ),
  ...inFile(
    'src/pages/names.tsx',
    ['security/flood-guard-forms'],
    [
      [
        'The form that changes the email is not rate-limited.',
        "path: '/email',\n  auth: owner,\n  limit: 'login',",
        "path: '/email',\n  auth: owner,",
      ],
    ],
  ),
  ...inFile(
    'src/pages/data.tsx',
    ['security/flood-guard-forms'],
    [['The form that deletes the account is not rate-limited.', "limit: 'login',", '']],
  ),
  ...inFile(
    'src/pages/layout.tsx',
    ['pages/wire', 'pages/mail'],
    [
      [
        'An injected script can run on a page.',
        "\"default-src 'none'; style-src 'self'",
        "\"default-src 'none'; script-src *; style-src 'self'",
        ['pages/wire'],
      ],
      [
        'Forms on the pages can be sent to other sites.',
        "form-action 'self'",
        'form-action *',
        ['pages/wire'],
      ],
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
        'Sign-in redirects to another site.',
        'to !== undefined && isOwnPath(to) ? to',
        'to !== undefined ? to',
      ],
    ],
  ),
];
