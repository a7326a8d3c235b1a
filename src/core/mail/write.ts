// Writes a mail: its letter in the account's language, laid out as text and as HTML.

import type { Locale } from '../locales.ts';
import { findBrowser, findSystem } from '../user-agent.ts';
import type { MailDetails } from './details.ts';
import type { MailKind } from './kinds.ts';
import { type FactRow, layOutHtml, layOutText } from './layout.ts';
import type { Mail } from './mailer.ts';
import { de } from './texts/de.ts';
import { en } from './texts/en.ts';
import type { Texts } from './texts/letter.ts';

const LANGUAGES: Readonly<Record<Locale, Texts>> = { en, de };

/** A mail that is to be written. */
export interface MailOrder {
  kind: MailKind;
  to: string;
  locale: Locale;
  details: MailDetails;
  /** The link and the code that the mail carries; null if it carries none. */
  url: string | null;
  code: string | null;
  /** What this deployment calls itself, and where its pages are. */
  serviceName: string;
  publicUrl: string;
  idempotencyKey: string;
}

export const writeMail = (order: MailOrder): Mail => {
  const texts = LANGUAGES[order.locale];
  const { details, serviceName, publicUrl } = order;
  const forgotUrl = `${publicUrl}/forgot-password`;
  const letter = texts.letters[order.kind]({
    service: serviceName,
    url: order.url ?? '',
    code: order.code ?? '',
    forgotUrl,
    hiddenAddress: details.hiddenAddress ?? '',
    appName: details.appName ?? '',
    byAdmin: details.byAdmin ?? false,
  });
  const facts = {
    locale: order.locale,
    rows: factRows(texts, order.locale, details),
    forgotUrl,
    footer: texts.footer(serviceName),
    publicUrl,
  };
  return {
    to: order.to,
    subject: letter.subject,
    text: layOutText(letter, facts),
    html: layOutHtml(letter, facts),
    idempotencyKey: order.idempotencyKey,
  };
};

/** The owner learns only when an admin did it. */
const factRows = (texts: Texts, locale: Locale, details: MailDetails): FactRow[] => [
  [texts.when, whenWords(locale, details.atMs)],
  ...(details.byAdmin
    ? []
    : ([
        [texts.device, deviceWords(texts, details.userAgent)],
        [texts.place, placeWords(texts, locale, details.country)],
      ] satisfies FactRow[])),
];

/** UTC, because the mail does not know where it is read. */
const whenWords = (locale: Locale, atMs: number): string =>
  `${new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' }).format(atMs)} UTC`;

/**
 * Only names from our own list: a client can call itself anything, and must not put its words into a mail from us to
 * somebody else.
 */
const deviceWords = ({ deviceOn, unknownDevice }: Texts, userAgent: string | null): string => {
  const [browser, system] = [findBrowser(userAgent ?? ''), findSystem(userAgent ?? '')];
  if (browser !== null && system !== null) return deviceOn(browser, system);
  return browser ?? system ?? unknownDevice;
};

const placeWords = ({ unknownPlace }: Texts, locale: Locale, country: string | null): string => {
  // What Cloudflare says of an address without a country, and of Tor.
  if (country === null || country === 'XX' || country === 'T1') return unknownPlace;
  try {
    return new Intl.DisplayNames(locale, { type: 'region' }).of(country) ?? unknownPlace;
  } catch {
    return unknownPlace;
  }
};
