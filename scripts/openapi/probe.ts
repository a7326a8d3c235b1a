// Finds out what a field takes by asking its own validator: its rules are functions, and this is what they do.
import * as z from 'zod/mini';
import { readFieldErrors } from '../../src/http/body/fields.ts';
import type { FieldError } from '../../src/http/problem.ts';
import type { JsonObject } from './types.ts';

/** Longer than anything that any field takes. */
const TOO_LONG = 2_000;
/** Rules about the length of a password say so within this. */
const MAX_SCANNED = 64;
const MAX_CHOICE = 100;

type Field = z.core.$ZodType;

/** The faults that a field's validator finds in a value. */
export const findFaults = (field: Field, value: unknown): FieldError[] =>
  readFieldErrors(z.safeParse(field, value).error?.issues ?? [], { '': value });

const faultOf = (field: Field, value: unknown, code: FieldError['code']): FieldError | undefined =>
  findFaults(field, value).find((fault) => fault.code === code);

const isTaken = (field: Field, value: unknown): boolean => findFaults(field, value).length === 0;

const ascii = Array.from({ length: 0x7f - 0x20 }, (_, index) => String.fromCharCode(0x20 + index));

/** A class of characters, as a regular expression writes it: letters and digits in one piece where all are taken. */
const writeClass = (characters: readonly string[]): string => {
  const ranges = ['A-Z', 'a-z', '0-9'].filter((range) => {
    const inRange = ascii.filter((character) => new RegExp(`[${range}]`).test(character));
    return inRange.every((character) => characters.includes(character));
  });
  const inRanges = new RegExp(`[${ranges.join('')}]`);
  const others = characters.filter((character) => ranges.length === 0 || !inRanges.test(character));
  // A hyphen is itself where it comes last.
  const sorted = [...others].sort((one, other) => Number(one === '-') - Number(other === '-'));
  return `[${ranges.join('')}${sorted.join('').replace(/[\\\]^]/g, '\\$&')}]`;
};

/** Every character must be one that the field takes between good ones. */
const probeAlphabet = (field: Field): JsonObject => {
  const taken = ascii.filter((character) => !faultOf(field, `aaaa${character}aaaa`, 'not_username'));
  return { pattern: `^${writeClass(taken)}+$` };
};

/** A rule for new passwords: which lengths it takes, and whether it asks for letters and digits. */
const probeStrength = (field: Field): JsonObject => {
  const mixed = (length: number): string => 'a1'.repeat(length).slice(0, length);
  const lengths = Array.from({ length: MAX_SCANNED }, (_, index) => index + 1);
  const taken = lengths.filter((length) => isTaken(field, mixed(length)));
  const [min, max] = [taken[0], taken.at(-1)];
  if (min === undefined || max === undefined) throw new Error('A field takes no password at all.');
  const wants = [
    ...(isTaken(field, '1'.repeat(max)) ? [] : ['(?=.*[A-Za-z])']),
    ...(isTaken(field, 'a'.repeat(max)) ? [] : ['(?=.*[0-9])']),
  ];
  return {
    minLength: min,
    ...(max < MAX_SCANNED && { maxLength: max }),
    ...(wants.length > 0 && { pattern: `^${wants.join('')}` }),
  };
};

const probeChoice = (field: Field): JsonObject => {
  const numbers = Array.from({ length: MAX_CHOICE }, (_, index) => index);
  const taken = numbers.filter((number) => isTaken(field, String(number)));
  return { type: 'integer', minimum: Math.min(...taken), maximum: Math.max(...taken) };
};

const EMPTY_OR_WEB_URL = '^(?:[Hh][Tt][Tt][Pp][Ss]?://.+)?$';

/** What JSON Schema can say of a text field beyond its type. Lengths are in Unicode code points, in both. */
export const probeText = (field: Field): JsonObject => {
  if (faultOf(field, 'x', 'not_a_choice')) return probeChoice(field);
  const letters = 'a'.repeat(TOO_LONG);
  const tooLong = faultOf(field, letters, 'too_many_characters')?.limit;
  const tooBig = faultOf(field, letters, 'too_many_bytes')?.limit;
  // A password of too many bytes is refused before its characters are counted.
  const afterBytes = tooBig && faultOf(field, letters.slice(0, tooBig), 'too_many_characters')?.limit;
  const tooShort = faultOf(field, 'a', 'too_few_characters')?.limit;
  const isRequired = faultOf(field, '', 'blank') !== undefined;
  const max = tooLong ?? afterBytes ?? tooBig;
  return {
    ...(typeof tooShort === 'number' ? { minLength: tooShort } : isRequired && { minLength: 1 }),
    ...(typeof max === 'number' && { maxLength: max }),
    ...(faultOf(field, 'two words', 'not_email') && { format: 'email' }),
    ...(faultOf(field, 'two words', 'not_username') && probeAlphabet(field)),
    ...(faultOf(field, 'two words', 'not_url') && { pattern: EMPTY_OR_WEB_URL }),
    ...(faultOf(field, 'a', 'weak_password') && probeStrength(field)),
    ...(tooBig && { format: 'password' }),
  };
};
