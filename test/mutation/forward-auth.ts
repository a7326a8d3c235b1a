// Mutants of forward authentication: who passes, what the app is told, and where a browser is sent.
import { inFile } from './mutant.ts';

export const forwardAuthMutants = [
  ...inFile(
    'src/dialects/id/forward-auth.ts',
    ['dialects/id/forward-auth'],
    [
      [
        'A misspelled access rule lets everybody pass.',
        '...Object.entries(others).map(([name, value]) => notAChoice(name, value)),',
        '',
      ],
      [
        'An unknown group lets everybody pass.',
        "...(group !== undefined && known === null ? [notAChoice('group', group)] : []),",
        '',
      ],
      [
        'A page for admins is open to every user.',
        'if (demands.group !== null && !groupsOf(c, principal).includes(demands.group))',
        'if (demands.group !== null && groupsOf(c, principal).length === 0)',
      ],
      [
        'Behind a proxy, an admin needs no second factor.',
        'account.isAdmin && (!c.var.httpSettings.requireAdminFactor || session.factor !== null)',
        'account.isAdmin && session.factor !== undefined',
      ],
      [
        'A page that needs a recent authentication takes an old one.',
        'if (demands.recent && !c.var.core.sessions.isRecent(principal.session))',
        'if (demands.recent && principal.session.id === null)',
      ],
      [
        'An app takes a stranger for the owner of an unverified address.',
        "username ?? (email !== '' && emailVerifiedAtMs !== null ? email : sub);",
        "username ?? (email !== '' && emailVerifiedAtMs !== 0 ? email : sub);",
      ],
      [
        'An app is told that every address is verified.',
        "'Remote-Email-Verified': String(account.emailVerifiedAtMs !== null),",
        "'Remote-Email-Verified': String(account.emailVerifiedAtMs !== 0),",
      ],
      [
        'A name becomes another one when the app decodes it.',
        '.replace(/[^\\x20-\\x24\\x26-\\x7e]+|%/gu,',
        '.replace(/[^\\x20-\\x7e]+/gu,',
      ],
      [
        'The app gets the email header of the client.',
        "'Remote-Email': headerValue(account.email),",
        "...(account.email !== '' && { 'Remote-Email': headerValue(account.email) }),",
      ],
      [
        'A proxy for any host on the internet is told who its visitors are.',
        "if (forwarded === 'untrusted') return respondProblem(c, { reason: 'forbidden' });",
        "if (forwarded === 'untrusted') return c.body(null, 200);",
      ],
      [
        'A page of a sibling host changes something at an app.',
        "if (forwarded !== 'none' && isForged(c, forwarded)) return respondProblem(c, { reason: 'cross_site' });",
        "if (forwarded !== 'none' && isForged(c, forwarded) && forwarded.url.href === '') return respondProblem(c, { reason: 'cross_site' });",
      ],
      [
        'An app password, or an unverified address, passes to every app.',
        'if (!checked.ok) return respondProblem(c, checked.error);',
        '',
      ],
      ['A header for the app replaces the session of the visitor.', '  prefersCookie: true,\n', ''],
      ['A browser is sent back and forth without an end.', '!forwarded.getsCookie || ', ''],
    ],
  ),
  ...inFile(
    'src/http/auth/forwarded.ts',
    ['dialects/id/forward-auth'],
    [
      [
        'A client names any address as the one to return to.',
        "if (!isBelow && !isAllowedOrigin(c, url.origin)) return 'untrusted';",
        '',
      ],
      [
        'A POST of another page counts as safe.',
        "new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])",
        "new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'POST'])",
      ],
      [
        'Behind nginx every request counts as safe.',
        "c.req.header(isAskedByNginx(c) ? 'X-Original-Method' : 'X-Forwarded-Method')",
        "c.req.header('X-Forwarded-Method')",
      ],
      [
        'A page of Latchkey’s host name counts as one of the app.',
        "return isFromOtherOrigin({ origin, site: c.req.header('Sec-Fetch-Site') }, url.origin);",
        "return isFromOtherOrigin({ origin, site: c.req.header('Sec-Fetch-Site') }, ownOriginOf(c));",
      ],
      [
        'The host of a request decides where people enter their password.',
        'c.var.httpSettings.publicUrl ?? originOf(c);',
        'originOf(c);',
      ],
    ],
  ),
  ...inFile(
    'src/http/hosts.ts',
    ['dialects/id/forward-auth', 'security/cookie-domain'],
    [
      [
        'A domain that only ends like COOKIE_DOMAIN counts as below it.',
        'hostname.endsWith(`.${domain}`)',
        'hostname.endsWith(domain)',
      ],
    ],
  ),
  ...inFile(
    'src/http/origins.ts',
    ['dialects/id/forward-auth', 'pages/coming-back', 'security/cookie-domain'],
    [
      [
        'Below COOKIE_DOMAIN, plain http is trusted.',
        "return protocol === 'https:' || allowHttp || isLoopback(href);",
        "return protocol === 'https:' || protocol === 'http:' || allowHttp || isLoopback(href);",
      ],
      [
        'Without COOKIE_DOMAIN every host is below it.',
        'if (cookieDomain === null || !isWithinDomain(hostname, cookieDomain)) return false;',
        'if (cookieDomain !== null && !isWithinDomain(hostname, cookieDomain)) return false;',
      ],
    ],
  ),
  ...inFile(
    'src/http/auth/cookies.ts',
    ['security/cookie-domain'],
    [
      [
        'After a logout, a browser still sends the cookie of before COOKIE_DOMAIN.',
        "if (domain !== null) setCookie(c, SESSION_COOKIE, '', { ...scope, maxAge: 0 });",
        '',
      ],
      [
        'The cookie is set for a domain that the service is not in.',
        'return cookieDomain !== null && isWithinDomain(new URL(c.req.url).hostname, cookieDomain)',
        'return cookieDomain !== null',
      ],
    ],
  ),
  ...inFile(
    'src/settings/cookie-domain.ts',
    ['security/cookie-domain'],
    [
      ['COOKIE_DOMAIN may be shared with strangers.', ' && !SHARED.has(text)', ''],
      ['COOKIE_DOMAIN may be a top-level domain.', '[a-z0-9])?\\.)+(?=', '[a-z0-9])?\\.)*(?='],
    ],
  ),
  ...inFile(
    'src/settings/index.ts',
    ['security/cookie-domain'],
    [
      [
        'COOKIE_DOMAIN may be a domain that the service is not in.',
        'if (values.COOKIE_DOMAIN !== null && !isCookieDomainOfService(values))',
        "if (values.COOKIE_DOMAIN === '' && !isCookieDomainOfService(values))",
      ],
    ],
  ),
  ...inFile(
    'src/pages/destination.ts',
    ['pages/coming-back'],
    [
      [
        'The sign-in page leads to any address on the internet.',
        "(await (await c.var.core.provider())?.isAppOrigin(url.origin)) ? url.href : '/';",
        "(await (await c.var.core.provider())?.isAppOrigin(url.origin)) === null ? '/' : url.href;",
      ],
      [
        'The sign-in page leads to a path of the service that acts when it is opened.',
        'if (isOwnOrigin(c, url)) return ownPath(url.pathname + url.search);',
        'if (isOwnOrigin(c, url)) return url.href;',
      ],
    ],
  ),
  ...inFile(
    'src/http/web-address.ts',
    ['pages/coming-back', 'dialects/id/forward-auth'],
    [
      [
        'An address that browsers read as another one counts as trusted.',
        'return url.origin === origin ? url : null;',
        'return url;',
      ],
    ],
  ),
];
