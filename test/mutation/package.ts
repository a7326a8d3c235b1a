// Mutants of `latchkey/verify`, with which other servers check access tokens.
import { inFile } from './mutant.ts';

export const packageMutants = inFile(
  'package/verify.ts',
  ['package/verify'],
  [
    [
      'A token chooses the algorithm of its signature.',
      "if (header['alg'] !== 'ES256')",
      "if (header['alg'] === undefined)",
    ],
    [
      'An ID token is accepted at other servers.',
      "if (!isAccessTokenType(header['typ']))",
      "if (header['typ'] === undefined)",
    ],
    ['A token with an unknown critical extension is accepted at other servers.', " || 'crit' in header", ''],
    [
      'Anyone can forge tokens for other servers.',
      'if (!(await crypto.subtle.verify(SIGNATURE, key, signature, signed)))',
      'if (signed.length === 0)',
    ],
    [
      'A token of another issuer is accepted at other servers.',
      'if (iss !== issuer)',
      'if (iss === undefined)',
    ],
    [
      'A token for one server is accepted at every other.',
      'if (aud !== audience && !(areTexts(aud) && aud.includes(audience)))',
      'if (aud === undefined)',
    ],
    ['An expired token is accepted at other servers.', 'if (exp <= now - leewaySeconds)', 'if (exp <= 0)'],
    [
      'A token is accepted at other servers before its nbf.',
      ' || (nbf !== undefined && nbf > now + leewaySeconds)',
      '',
    ],
    [
      'A token of an app is accepted at other servers as one of the owner.',
      'if (expected.acceptApps) return claims;',
      'return claims;',
    ],
    ['A leeway of days is accepted.', '<= MAX_LEEWAY_SECONDS)', '<= Number.MAX_VALUE)'],
    [
      'An attacker on the network can replace the keys.',
      "(url?.protocol === 'http:' && isLoopback(url.hostname))",
      "url?.protocol === 'http:'",
    ],
    [
      'Every token with an unknown kid causes a request for the keys.',
      'now - set.triedAtMs >= UNKNOWN_KEY_PAUSE_MS ||',
      'now >= 0 ||',
    ],
    ['Removed keys remain valid.', 'now - set.loadedAtMs >= FRESH_MS)', 'set.loadedAtMs === 0)'],
    ['Keys never expire if the service does not answer.', ' || now - loadedAtMs >= STALE_MS', ''],
    [
      'A failing service gets a request for each token.',
      'set.failure === null || now - set.triedAtMs >= FAILURE_PAUSE_MS',
      'true',
    ],
    [
      'Keys are loaded through redirects.',
      "redirect: 'manual',\n    headers",
      "redirect: 'follow',\n    headers",
    ],
    [
      'The body of a redirect is read as keys.',
      'if (response.status !== 200)',
      'if (response.status >= 400)',
    ],
    [
      'A token is accepted at other servers in several spellings of its signature.',
      'return again === text ?',
      'return again !== null ?',
    ],
  ],
);
