// Mutants of what other servers rely on in the package: the check of access tokens.
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
      'An ID token is good at other servers.',
      "if (!isAccessTokenType(header['typ']))",
      "if (header['typ'] === undefined)",
    ],
    ['A token may demand what nobody here understands.', " || 'crit' in header", ''],
    [
      'Anyone can make tokens for other servers.',
      'if (!(await crypto.subtle.verify(SIGNATURE, key, signature, signed)))',
      'if (signed.length === 0)',
    ],
    ['A token of another service is good at other servers.', 'if (iss !== issuer)', 'if (iss === undefined)'],
    [
      'A token for one server is good at every other.',
      'if (aud !== audience && !(areTexts(aud) && aud.includes(audience)))',
      'if (aud === undefined)',
    ],
    ['A token is good for ever at other servers.', 'if (exp <= now - leewaySeconds)', 'if (exp <= 0)'],
    ['A token is good before its time.', ' || (nbf !== undefined && nbf > now + leewaySeconds)', ''],
    ['An app may do what the owner may.', 'if (expected.acceptApps) return claims;', 'return claims;'],
    ['Clocks may be apart by days.', '<= MAX_LEEWAY_SECONDS)', '<= Number.MAX_VALUE)'],
    [
      'An attacker on the network changes the keys.',
      "(url?.protocol === 'http:' && isLoopback(url.hostname))",
      "url?.protocol === 'http:'",
    ],
    [
      'Every token with another key makes a request.',
      'now - set.triedAtMs >= UNKNOWN_KEY_PAUSE_MS ||',
      'now >= 0 ||',
    ],
    ['Keys that were taken away stay good.', 'now - set.loadedAtMs >= FRESH_MS)', 'set.loadedAtMs === 0)'],
    [
      'A service that does not answer lets every key be good for ever.',
      ' || now - loadedAtMs >= STALE_MS',
      '',
    ],
    [
      'A failing service is asked for each token.',
      'set.failure === null || now - set.triedAtMs >= FAILURE_PAUSE_MS',
      'true',
    ],
    [
      'Keys are loaded from any address.',
      "redirect: 'manual',\n    headers",
      "redirect: 'follow',\n    headers",
    ],
    [
      'A redirect gives the keys of another host.',
      'if (response.status !== 200)',
      'if (response.status >= 400)',
    ],
    [
      'One signature of a token for servers has several texts.',
      'return again === text ?',
      'return again !== null ?',
    ],
  ],
);
