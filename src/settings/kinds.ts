// The kinds of settings: what each takes from wrangler.toml or a secret, and how the documentation describes it.

/** One setting. A TOML number, boolean or list arrives in the Worker as such; a text and a secret as a string. */
export interface Setting<T> {
  /** What it takes, as a phrase after "must be". */
  takes: string;
  default: T;
  /** The default as documentation shows it. */
  shownDefault: string;
  /** One line for docs/settings.md. */
  doc: string;
  isSecret: boolean;
  isRequired: boolean;
  /** The value if it is valid; undefined otherwise. Never called for a value that is not set. */
  parse: (value: unknown) => T | undefined;
}

/** A secret always arrives as a string, and its value is never shown. */
export interface Secret<T> extends Setting<T> {
  isSecret: true;
}

interface Described {
  doc: string;
}

/** An empty string means "not set": `.dev.vars` and dashboards keep names without a value. */
export const isUnset = (value: unknown): boolean => value === undefined || value === null || value === '';

/** A whole number within bounds, as TOML integer or as decimal digits. */
export const wholeNumber = (
  fields: Described & { default: number; min: number; max: number },
): Setting<number> => ({
  takes: `a whole number from ${fields.min} to ${fields.max}`,
  default: fields.default,
  shownDefault: String(fields.default),
  doc: fields.doc,
  isSecret: false,
  isRequired: false,
  parse(value) {
    const count = typeof value === 'string' && /^(0|[1-9]\d{0,9})$/.test(value) ? Number(value) : value;
    if (typeof count !== 'number' || !Number.isInteger(count)) return undefined;
    return count >= fields.min && count <= fields.max ? count : undefined;
  },
});

/** `true` or `false`, as TOML boolean or as text. No other spelling is accepted. */
export const flag = (fields: Described & { default: boolean }): Setting<boolean> => ({
  takes: 'true or false',
  default: fields.default,
  shownDefault: String(fields.default),
  doc: fields.doc,
  isSecret: false,
  isRequired: false,
  parse(value) {
    if (value === true || value === 'true') return true;
    return value === false || value === 'false' ? false : undefined;
  },
});

/** One of a few words, exactly. */
export const choice = <const T extends string>(
  fields: Described & { options: readonly [T, T, ...T[]]; default: NoInfer<T> },
): Setting<T> => ({
  takes: fields.options.join(' or '),
  default: fields.default,
  shownDefault: fields.default,
  doc: fields.doc,
  isSecret: false,
  isRequired: false,
  parse: (value) => fields.options.find((option) => option === value),
});

/** A text of a given form. A default of null means that the feature is off. */
export const text = <T extends string | null>(
  fields: Described & { takes: string; default: T; isValid: (value: string) => boolean },
): Setting<T | string> => ({
  takes: fields.takes,
  default: fields.default,
  shownDefault: fields.default ?? 'none',
  doc: fields.doc,
  isSecret: false,
  isRequired: false,
  parse: (value) => (typeof value === 'string' && fields.isValid(value) ? value : undefined),
});

/** A list of texts, each of a given form: a TOML list, or one text with commas or spaces between them. */
export const list = (
  fields: Described & { takes: string; isValid: (value: string) => boolean },
): Setting<readonly string[]> => ({
  takes: fields.takes,
  default: [],
  shownDefault: 'none',
  doc: fields.doc,
  isSecret: false,
  isRequired: false,
  parse(value) {
    const items: unknown =
      typeof value === 'string' ? value.split(/[\s,]+/).filter((item) => item !== '') : value;
    const isList = (list: unknown): list is string[] =>
      Array.isArray(list) && list.every((item) => typeof item === 'string' && fields.isValid(item));
    return isList(items) ? items : undefined;
  },
});

const secretFields = (doc: string, minCharacters: number) => ({
  takes: `a text of at least ${minCharacters} characters`,
  doc,
  isSecret: true as const,
  parse: (value: unknown) => (typeof value === 'string' && value.length >= minCharacters ? value : undefined),
});

/** A secret of a given form, such as keys; null if it is missing. */
export const secretOf = <T>(
  fields: Described & { takes: string; parse: (text: string) => T | null },
): Secret<T | null> => ({
  takes: fields.takes,
  doc: fields.doc,
  default: null,
  shownDefault: 'none',
  isSecret: true,
  isRequired: false,
  parse: (value) => (typeof value === 'string' ? (fields.parse(value) ?? undefined) : undefined),
});

/**
 * A required secret: without it, every request is refused. Set with `wrangler secret put`; its value is never shown.
 */
export const requiredSecret = (fields: Described & { minCharacters: number }): Secret<string> => ({
  ...secretFields(fields.doc, fields.minCharacters),
  default: '',
  shownDefault: 'none: required',
  isRequired: true,
});

/** An optional secret. */
export const secret = (fields: Described & { minCharacters: number }): Secret<string | null> => ({
  ...secretFields(fields.doc, fields.minCharacters),
  default: null,
  shownDefault: 'none',
  isRequired: false,
});
