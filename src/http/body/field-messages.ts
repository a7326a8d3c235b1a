// A sentence for each error of a field, for the person who filled it in.
import type { FieldError } from '../problem.ts';

export const fieldMessage = ({ code, limit }: Pick<FieldError, 'code' | 'limit'>): string => {
  switch (code) {
    case 'required':
    case 'null':
    case 'blank':
      return 'This is required.';
    case 'not_text':
      return 'This must be a text without control characters.';
    case 'nul':
      return 'This must not hold a null character.';
    case 'too_many_characters':
      return `At most ${limit} characters.`;
    case 'too_few_characters':
      return `At least ${limit} characters.`;
    case 'too_many_bytes':
      return `At most ${limit} bytes.`;
    case 'not_email':
      return 'This is no email address.';
    case 'not_username':
      return 'Only letters, digits and . _ + - are allowed.';
    case 'weak_password':
      return 'This password is too weak.';
    case 'common_password':
      return 'Too many people have a password like this. Choose another.';
    case 'resembling_password':
      return 'This is too close to your username or email, or to our name. Choose another.';
    case 'not_url':
      return 'This must be an http or https address.';
    case 'taken':
      return 'Another account has this already.';
    case 'not_a_choice':
      return 'This is not one of the choices.';
  }
};
