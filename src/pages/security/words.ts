// The texts for the refusals of a second factor.
import type { FactorRefused } from '../../core/index.ts';
import type { FormError } from '../form.ts';

const TEXTS: Readonly<Record<FactorRefused['why'], string>> = {
  code: 'This code is wrong or was used before. Wait for the next code and enter it.',
  passkey: 'This passkey was not accepted. Try again, or use another way.',
  expired: 'This took too long, or was done before. Try again.',
  in_use: 'You have added this already.',
  too_many: 'Your account has the maximum number. Remove one first.',
};

const WRONG_RECOVERY_CODE = 'This recovery code is wrong or was used before. Enter another one.';

/** A refusal as an error of the form as a whole, or of the field for the code. */
export const factorError = (
  { why }: FactorRefused,
  field: 'code' | 'recoveryCode' | null = 'code',
): FormError => {
  if (why !== 'code') return { field: null, text: TEXTS[why] };
  return { field, text: field === 'recoveryCode' ? WRONG_RECOVERY_CODE : TEXTS.code };
};

/** The API that an app password is valid for. */
export const dialectWords = (dialect: string | null): string =>
  dialect === null ? 'Every API' : `API “${dialect}”`;
