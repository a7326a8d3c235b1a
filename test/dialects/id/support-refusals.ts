// The refusals of `id`, as `whole` of support-id.ts returns them.

/** Refusals without a number or a method in them. */
const REFUSALS = {
  malformed: [400, 'The body cannot be read.'],
  not_an_object: [400, 'The body must be a JSON object.'],
  credentials_missing: [401, 'You are not logged in.'],
  credentials_invalid: [401, 'You are not logged in.'],
  credentials_empty: [401, 'You are not logged in.'],
  credentials_spaces: [401, 'You are not logged in.'],
  wrong_credentials: [401, 'The name or the password is wrong.'],
  forbidden: [403, 'You are not allowed to do this.'],
  cross_site: [
    403,
    'The request comes from another site.',
    'Add the origin of the page to ALLOWED_ORIGINS of the service. It must be of the same site; other pages send a token.',
  ],
  not_found: [404, 'Not found.'],
  last_admin: [409, 'This account is the last admin.'],
  too_large: [413, 'The body is too large.'],
  unsupported_media_type: [415, 'Send JSON or a form.'],
  fault: [500, 'Something went wrong here.'],
  unavailable: [503, 'The service cannot be reached at the moment.'],
} as const;
export type RefusalCode = keyof typeof REFUSALS;

const problem = (status: number, code: string, title: string, more: object = {}): string =>
  `${status} ${JSON.stringify({ type: `urn:latchkey:problem:${code}`, title, status, code, ...more })}`;

/** A problem with a detail. */
const detailed = (status: number, code: string, title: string, detail: string): string =>
  `${status} ${JSON.stringify({ type: `urn:latchkey:problem:${code}`, title, status, detail, code })}`;

/** The refusal with this code. */
export const refused = (code: RefusalCode): string => {
  const [status, title, detail] = REFUSALS[code];
  return detail === undefined ? problem(status, code, title) : detailed(status, code, title, detail);
};

export const notAllowed = (method: string): string =>
  detailed(
    405,
    'method_not_allowed',
    'The method is not allowed here.',
    `${method} is not allowed for this path.`,
  );

export const throttled = (seconds: number): string =>
  detailed(429, 'throttled', 'Too many tries.', `Wait ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`);

/** The message of each code of a field error; in `LIMITS`, of those with a limit. */
const MESSAGES = {
  required: 'This is required.',
  null: 'This is required.',
  blank: 'This is required.',
  not_text: 'Enter text without control characters.',
  nul: 'Null characters are not allowed.',
  not_email: 'Enter a valid email address.',
  not_username: 'Only letters, digits and . _ + - are allowed.',
  common_password: 'This password is too common. Choose another.',
  resembling_password: 'This is too close to your username or email, or to our name. Choose another.',
  not_url: 'Enter an http or https URL.',
  taken: 'This is already taken.',
  not_a_choice: 'Choose one of the options.',
} as const;
const LIMITS = {
  too_many_characters: (limit: number) => `At most ${limit} characters.`,
  too_few_characters: (limit: number) => `At least ${limit} characters.`,
  too_many_bytes: (limit: number) => `At most ${limit} bytes.`,
} as const;

/** A field error: the field, the code, and the limit if the code has one. */
export type FieldFault =
  | readonly [name: string, code: keyof typeof MESSAGES]
  | readonly [name: string, code: keyof typeof LIMITS, limit: number];

const messageOf = (fault: FieldFault): string =>
  fault.length === 3 ? LIMITS[fault[1]](fault[2]) : MESSAGES[fault[1]];

const errorsOf = (faults: readonly FieldFault[]) => ({
  errors: faults.map((fault) => ({ name: fault[0], code: fault[1], message: messageOf(fault) })),
});

/** The 400 answer with these field errors, in this order. */
export const invalid = (...faults: FieldFault[]): string =>
  problem(400, 'invalid', 'Some fields are not valid.', errorsOf(faults));

/** The 409 answer if these fields are taken and nothing else is wrong. */
export const taken = (...fields: string[]): string =>
  problem(
    409,
    'taken',
    'The username or email is taken.',
    errorsOf(fields.map((field) => [field, 'taken'] as const)),
  );
