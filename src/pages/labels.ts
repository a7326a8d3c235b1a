// The labels of the fields, in the order in which every form shows them.
export const LABELS = {
  pictureId: 'Picture',
  identifier: 'Username or email',
  email: 'Email',
  username: 'Username',
  name: 'Name',
  firstName: 'First name',
  lastName: 'Last name',
  siteUrl: 'Website',
  address: 'Address',
  description: 'About you',
  locale: 'Language of mails',
  code: 'Code',
  currentPassword: 'Current password',
  password: 'Password',
  newPassword: 'New password',
  recoveryCode: 'Recovery code',
  passkey: 'Passkey',
  dialect: 'Works in',
  redirectUris: 'Redirect addresses',
  signOutUris: 'Addresses after sign-out',
  appKind: 'Where it runs',
  consent: 'Consent',
} as const;

export type FieldName = keyof typeof LABELS;

export const isFieldName = (name: string): name is FieldName => Object.hasOwn(LABELS, name);

const ORDER: readonly string[] = Object.keys(LABELS);

/** The position of a field in a form. Errors of the form as a whole come first. */
export const placeOf = (field: FieldName | null): number => (field === null ? -1 : ORDER.indexOf(field));
