// The bodies of `id`.
import * as z from 'zod/mini';
import * as own from '../../http/body/schemas.ts';

export {
  accountSearch,
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

/** Which session a client wants: `cookie` for browsers, `token` for others. */
const session = () => z.optional(z.enum(['cookie', 'token']));

export const registration = z.extend(own.registration, { session: session() });
export const credentials = z.extend(own.credentials, { session: session() });
/** With the token of a login that waits for its second factor, or without for a passkey alone. */
export const passkeyRequest = z.object({ token: z.optional(z.string()), session: session() });
