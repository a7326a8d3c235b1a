// What the fields of the forms are called.
export const LABELS = {
  identifier: 'Username or email',
  username: 'Username',
  email: 'Email',
  password: 'Password',
  currentPassword: 'Current password',
  newPassword: 'New password',
  name: 'Name',
  firstName: 'First name',
  lastName: 'Last name',
  address: 'Address',
  siteUrl: 'Website',
  description: 'About you',
  pictureId: 'Picture',
} as const;

export type FieldName = keyof typeof LABELS;

export const isFieldName = (name: string): name is FieldName => Object.hasOwn(LABELS, name);
