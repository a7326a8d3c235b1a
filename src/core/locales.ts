// The languages of accounts, in which mails are written.

/** Languages that mails are written in: each has its file in mail/texts/. */
export const LOCALES = ['en', 'de'] as const;
export type Locale = (typeof LOCALES)[number];
export const DEFAULT_LOCALE: Locale = 'en';

export const isLocale = (text: string): text is Locale => LOCALES.some((locale) => locale === text);

/** More than any browser sends. The rest is not read. */
const MAX_LANGUAGES = 20;

/**
 * The first language of an `Accept-Language` that mails are written in; null if there is none.
 * @see https://www.rfc-editor.org/rfc/rfc9110#field.accept-language
 */
export const readAcceptLanguage = (accepted: string | null): Locale | null => {
  const languages = (accepted ?? '').split(',', MAX_LANGUAGES).flatMap((part) => {
    const [, tag = '', quality = '1'] =
      /^\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?$/.exec(part) ?? [];
    const locale = tag.toLowerCase();
    return isLocale(locale) && Number(quality) > 0 ? [{ locale, quality: Number(quality) }] : [];
  });
  // `sort` is stable, so equal weights keep their order.
  return languages.sort((left, right) => right.quality - left.quality)[0]?.locale ?? null;
};
