// How `id` words every refusal: RFC 9457 problem details, with a stable code and a message for each field.

import { fieldMessage } from '../../http/body/field-messages.ts';
import type { FieldError, Problem, Reply } from '../../http/problem.ts';

/** @see https://www.rfc-editor.org/rfc/rfc9457#section-3 */
const detailed = (
  status: Reply['status'],
  code: string,
  title: string,
  { headers, detail }: { headers?: Readonly<Record<string, string>>; detail?: string } = {},
): Reply => ({
  status,
  headers: { 'Content-Type': 'application/problem+json', ...headers },
  body: { type: `urn:latchkey:problem:${code}`, title, status, ...(detail ? { detail } : {}), code },
});

/** Required for 401. @see https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2 */
const CHALLENGE = { headers: { 'WWW-Authenticate': 'Bearer' } };

/** The errors of all fields; `name` is the JSON key. Values are not shown. */
const invalidFields = (fieldErrors: readonly FieldError[], status: 400 | 409): Reply => {
  const code = status === 409 ? 'taken' : 'invalid';
  const reply = detailed(
    status,
    code,
    status === 409 ? 'The username or email is taken.' : 'Some fields are not valid.',
  );
  const errors = fieldErrors.map((error) => ({
    name: error.field,
    code: error.code,
    message: fieldMessage(error),
  }));
  return { ...reply, body: { ...Object(reply.body), errors } };
};

const waitFor = (seconds: number): string => `Wait ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`;

/** @see src/core/errors.ts FactorRefused */
const FACTOR_TEXTS = {
  code: [401, 'wrong_code', 'The code is wrong, was used before, or has expired.'],
  passkey: [401, 'wrong_passkey', 'The passkey was not accepted.'],
  expired: [401, 'challenge_expired', 'This took too long, or was done before. Start again.'],
  in_use: [409, 'in_use', 'There is one already.'],
  too_many: [409, 'too_many', 'The account has as many as it can have. Remove one first.'],
} as const;

const factorProblem = (why: keyof typeof FACTOR_TEXTS): Reply => {
  const [status, code, title] = FACTOR_TEXTS[why];
  return detailed(status, code, title, status === 401 ? CHALLENGE : {});
};

/** @see src/core/errors.ts InvalidProof */
const PROOF_TEXTS = {
  invalid: ['link_invalid', 'The link is not valid.', 'Check that it was copied whole.'],
  expired: ['link_expired', 'The link has expired, was used, or was replaced.', 'Ask for a new one.'],
  wrong_code: [
    'email_code_invalid',
    'The code is wrong, or has expired.',
    'After five wrong codes, ask for a link, or try again in an hour.',
  ],
} as const;

const proofProblem = (why: keyof typeof PROOF_TEXTS): Reply => {
  const [code, title, detail] = PROOF_TEXTS[why];
  return detailed(400, code, title, { detail });
};

/** Words a refusal. Pure and total, as for every dialect. */
export const problem = (refused: Problem): Reply => {
  switch (refused.reason) {
    case 'fields':
      return invalidFields(refused.errors, refused.errors.every(({ code }) => code === 'taken') ? 409 : 400);
    case 'taken':
      return invalidFields(refused.errors, 409);
    case 'wrong_credentials':
      return detailed(401, 'wrong_credentials', 'The name or the password is wrong.', CHALLENGE);
    case 'credentials':
      return detailed(401, `credentials_${refused.why}`, 'You are not logged in.', CHALLENGE);
    case 'forbidden':
      return detailed(403, 'forbidden', 'You are not allowed to do this.');
    case 'reauthenticate':
      return detailed(403, 'reauthenticate', 'Authenticate again.', {
        detail:
          'POST /id/reauthenticate with the password, a code or a passkey, then send the request again.',
      });
    case 'factor_required':
      return detailed(403, 'factor_required', 'Admins need a second factor.', {
        detail: 'Add a passkey or codes to this account, and log in with them.',
      });
    case 'factor':
      return factorProblem(refused.why);
    case 'cookie_blocked':
      return detailed(403, 'cookie_blocked', 'The browser would drop the session cookie.', {
        detail:
          'The page is of another site. Use one host name for both (localhost and 127.0.0.1 are two), or ask for a token.',
      });
    case 'https_required':
      return detailed(403, 'https_required', 'Use https.');
    case 'unverified_email':
      return detailed(403, 'unverified_email', 'The email address is not confirmed.', {
        detail: 'Open the link in the mail that was sent there, then log in.',
      });
    case 'proof':
      return proofProblem(refused.why);
    case 'mail_off':
      return detailed(404, 'mail_off', 'This service sends no mail.');
    // An app's credentials at POST /id/token.
    case 'oauth':
      return detailed(401, refused.error, refused.description, CHALLENGE);
    case 'access_tokens_off':
      return detailed(404, 'access_tokens_off', 'This service signs no tokens for other servers.');
    case 'cross_site':
      return detailed(403, 'cross_site', 'The request comes from another site.', {
        detail:
          'Add the origin of the page to ALLOWED_ORIGINS of the service. It must be of the same site; other pages send a token.',
      });
    case 'not_found':
      return detailed(404, 'not_found', 'Not found.');
    case 'method_not_allowed':
      return detailed(405, 'method_not_allowed', 'The method is not allowed here.', {
        detail: `${refused.method} is not allowed for this path.`,
      });
    case 'last_admin':
      return detailed(409, 'last_admin', 'This account is the last admin.');
    case 'too_large':
      return detailed(413, 'too_large', 'The body is too large.');
    case 'unsupported_media_type':
      return detailed(415, 'unsupported_media_type', 'Send JSON or a form.');
    case 'malformed':
      return detailed(400, 'malformed', 'The body cannot be read.');
    case 'not_an_object':
      return detailed(400, 'not_an_object', 'The body must be a JSON object.');
    case 'throttled':
      return detailed(429, 'throttled', 'Too many tries.', { detail: waitFor(refused.retryAfterSeconds) });
    case 'unavailable':
      return detailed(503, 'unavailable', 'The service cannot be reached at the moment.');
    case 'internal_error':
      return detailed(500, 'fault', 'Something went wrong here.');
  }
};
