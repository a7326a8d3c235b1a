// A sentence for each error of a field, for the person who filled it in.
import type { FieldError } from '../problem.ts';

export const fieldMessage = ({ code, limit }: Pick<FieldError, 'code' | 'limit'>): string => {
  switch (code) {
    case 'required':
    case 'null':
    case 'blank':
      return 'This is required.';
    case 'not_text':
      return 'Enter text without control characters.';
    case 'nul':
      return 'Null characters are not allowed.';
    case 'too_many_characters':
      return `At most ${limit} characters.`;
    case 'too_few_characters':
      return `At least ${limit} characters.`;
    case 'too_many_bytes':
      return `At most ${limit} bytes.`;
    case 'not_email':
      return 'Enter a valid email address.';
    case 'not_username':
      return 'Only letters, digits and . _ + - are allowed.';
    case 'weak_password':
      return 'This password is too weak.';
    case 'common_password':
      return 'This password is too common. Choose another.';
    case 'resembling_password':
      return 'This is too close to your username or email, or to our name. Choose another.';
    case 'not_url':
      return 'Enter an http or https URL.';
    case 'taken':
      return 'This is already taken.';
    case 'not_a_choice':
      return 'Choose one of the options.';
  }
};
