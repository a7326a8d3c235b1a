// Reads the settings of a deployment by their table, and reports what is misspelt, not understood or unwise.
import { isWithinDomain } from '../http/hosts.ts';
import { isUnset, type Setting } from './kinds.ts';
import { findNearest, hasKnownPrefix } from './spelling.ts';
import { SETTINGS, type SettingName, type Values } from './table.ts';

export { readSender } from './sender.ts';
export { readSigningKeys, type SigningKey } from './signing-keys.ts';
export { type RawSettings, SETTINGS, type SettingName, type Values } from './table.ts';
export type { Setting };

/** A Worker's environment, or the `[vars]` of wrangler.toml. */
export type Input = Readonly<Record<string, unknown>>;

/** The deployment is not set up. The message says what to set. It goes to the log, never to a client. */
export class Misconfigured extends Error {
  override name = 'Misconfigured';
}

const names = Object.keys(SETTINGS);

/** Characters of an invalid value that the message shows. */
const SHOWN_CHARACTERS = 80;

/** Names the setting, what it takes, and its value unless that is a secret. */
const describeProblem = (
  name: string,
  { takes, isSecret, isRequired }: Setting<unknown>,
  value: unknown,
): string => {
  if (isUnset(value) && isRequired)
    return `${name} is not set. Set it with \`npx wrangler secret put ${name}\`.`;
  const got = isSecret ? '' : `, not ${(JSON.stringify(value) ?? '').slice(0, SHOWN_CHARACTERS)}`;
  return `${name} must be ${takes}${got}.`;
};

/** Bindings, such as D1 and KV, are objects of the runtime. Settings of other software may be lists. */
const isSettingValue = (value: unknown): boolean => typeof value !== 'object' || Array.isArray(value);

/** Reports misspelt names. Names of other software are ignored. */
const findMisspelt = (input: Input): string[] =>
  Object.keys(input)
    .filter((name) => !names.includes(name) && isSettingValue(input[name]))
    .flatMap((name) => {
      const nearest = findNearest(name, names);
      if (nearest !== null) return [`${name} is not a setting. Did you mean ${nearest}?`];
      return hasKnownPrefix(name, names) ? [`${name} is not a setting. See docs/settings.md.`] : [];
    });

const hasAll = (values: Readonly<Record<string, unknown>>): values is Values =>
  names.every((name) => Object.hasOwn(values, name));

/** Settings that are valid one by one, but not together. */
const findContradictions = (values: Values): string[] =>
  values.THROTTLE_MAX_WAIT_SECONDS < values.THROTTLE_FIRST_WAIT_SECONDS
    ? ['THROTTLE_MAX_WAIT_SECONDS must not be less than THROTTLE_FIRST_WAIT_SECONDS.']
    : [];

/**
 * Reads all settings.
 * @returns the values, or every problem there is: one sentence each, without the value of any secret
 */
export const readValues = (input: Input): { values: Values } | { problems: string[] } => {
  const problems = findMisspelt(input);
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries<Setting<unknown>>(SETTINGS)) {
    const value = input[name];
    const isMissing = isUnset(value);
    const parsed =
      isMissing && !setting.isRequired ? setting.default : isMissing ? undefined : setting.parse(value);
    if (parsed === undefined) problems.push(describeProblem(name, setting, value));
    else values[name] = parsed;
  }
  if (!hasAll(values)) return { problems };
  problems.push(...findContradictions(values));
  return problems.length === 0 ? { values } : { problems };
};

/**
 * OWASP's minimum for PBKDF2-HMAC-SHA512, which r rounds of i iterations reach as r × i.
 * https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#pbkdf2
 */
const OWASP_ITERATIONS = 220_000;

/** What works but should not be deployed: one sentence each. */
export const listWarnings = (values: Values): string[] => {
  const iterations = values.PASSWORD_ITERATIONS * values.PASSWORD_ROUNDS;
  return [
    ...(iterations < OWASP_ITERATIONS
      ? [
          `PASSWORD_ITERATIONS × PASSWORD_ROUNDS is ${iterations}: OWASP asks for at least ${OWASP_ITERATIONS}. A stolen database is cheaper to crack.`,
        ]
      : []),
    // Not a contradiction: the secret is set before the variable is deployed, and must not stop what is deployed.
    ...(values.SIGNING_KEYS !== null && values.PUBLIC_URL === null
      ? [
          'SIGNING_KEYS needs PUBLIC_URL, the issuer: without it there are no access tokens and no OpenID Connect.',
        ]
      : []),
  ];
};

/** The secrets of each provider, and what else it needs. */
const PROVIDER_NEEDS = {
  cloudflare: [],
  resend: ['RESEND_API_KEY'],
  postmark: ['POSTMARK_SERVER_TOKEN'],
  ses: ['SES_REGION', 'SES_ACCESS_KEY_ID', 'SES_SECRET_ACCESS_KEY'],
} as const satisfies Readonly<Record<Values['MAIL_PROVIDER'], readonly (keyof Values)[]>>;

/** The secrets of the mail provider and of the old service that are not there. */
export const listMissingSecrets = (values: Values): string[] => [
  ...PROVIDER_NEEDS[values.MAIL_PROVIDER].filter((name) => isSecret(name) && values[name] === null),
  ...(needsMigrationSecret(values) && values.LAZY_MIGRATION_SECRET === null ? ['LAZY_MIGRATION_SECRET'] : []),
];

const isSecret = (name: SettingName): boolean => {
  const setting: Setting<unknown> = SETTINGS[name];
  return setting.isSecret === true;
};

/** Whether mails go by the binding EMAIL. */
export const needsMailBinding = ({ MAIL_FROM, MAIL_PROVIDER }: Values): boolean =>
  MAIL_FROM !== null && MAIL_PROVIDER === 'cloudflare';

export const MISSING_MAIL_BINDING =
  'MAIL_FROM needs the binding EMAIL ([[send_email]] in wrangler.toml), or another MAIL_PROVIDER.';

/** Whether the old service is asked by the signed request. */
const needsMigrationSecret = ({ LAZY_MIGRATION_URL, LAZY_MIGRATION_DIALECT }: Values): boolean =>
  LAZY_MIGRATION_URL !== null && LAZY_MIGRATION_DIALECT === 'signed';

/** Browsers refuse a cookie for a domain that the host is not in. */
const isCookieDomainOfService = ({ COOKIE_DOMAIN: domain, PUBLIC_URL: url }: Values): boolean =>
  domain !== null && url !== null && isWithinDomain(new URL(url).hostname, domain);

/** A secret without the address is no problem: it is set before, and a deployment's cannot be seen. */
const listMigrationContradictions = (values: Values): string[] => {
  const { LAZY_MIGRATION_URL: url, LAZY_MIGRATION_DIALECT: dialect } = values;
  if (url === null) return dialect === 'signed' ? [] : ['LAZY_MIGRATION_DIALECT needs LAZY_MIGRATION_URL.'];
  if (needsMigrationSecret(values))
    return values.LAZY_MIGRATION_SECRET === null
      ? [
          'LAZY_MIGRATION_URL needs LAZY_MIGRATION_SECRET, or the LAZY_MIGRATION_DIALECT that the service speaks.',
        ]
      : [];
  return new URL(url).search === ''
    ? []
    : ['LAZY_MIGRATION_URL must have no query: the paths of LAZY_MIGRATION_DIALECT are put behind it.'];
};

/** Settings that need one another. Without mail, what needs it would lock people out or promise what never comes. */
export const listContradictions = (values: Values): string[] => {
  const { MAIL_FROM, MAIL_PROVIDER } = values;
  const problems = PROVIDER_NEEDS[MAIL_PROVIDER]
    .filter((name) => values[name] === null)
    .map((name) => `MAIL_PROVIDER is ${MAIL_PROVIDER}, which needs ${name}.`);
  if (MAIL_FROM !== null && values.PUBLIC_URL === null)
    problems.push('MAIL_FROM needs PUBLIC_URL: the links in mails begin with it.');
  if (values.COOKIE_DOMAIN !== null && !isCookieDomainOfService(values))
    problems.push('COOKIE_DOMAIN must be the host of PUBLIC_URL, or a parent of it.');
  problems.push(...listMigrationContradictions(values));
  for (const name of ['REQUIRE_VERIFIED_EMAIL', 'EMAIL_SIGN_IN'] as const)
    if (values[name] && MAIL_FROM === null)
      problems.push(`${name} needs MAIL_FROM: without mail nobody gets in.`);
  return problems;
};
