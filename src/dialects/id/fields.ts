// The bodies that `id` takes: the fields of its own, and how a client wants to be logged in.
import * as z from 'zod/mini';
import * as own from '../../http/body/schemas.ts';

export {
  confirmation,
  confirmationAgain,
  emailChange,
  factorProof,
  firstCode,
  forgotten,
  linkToken,
  newAppPassword,
  newPasskey,
  passkeyProof,
  passwordChange,
  passwordError,
  profile,
  renaming,
  usernameChange,
} from '../../http/body/schemas.ts';

/** How a client wants to be logged in: a browser by cookie, everything else by a token. */
const session = () => z.optional(z.enum(['cookie', 'token']));

export const registration = z.extend(own.registration, { session: session() });
export const credentials = z.extend(own.credentials, { session: session() });
/** With the token of a login that waits for its second factor, or without for a passkey alone. */
export const passkeyRequest = z.object({ token: z.optional(z.string()), session: session() });
