// Who may use the endpoints of `id`: a token or a browser's cookie.
import type { RequiredAuth } from '../../http/auth/auth.ts';

export const toRead = { via: ['token', 'cookie'], reads: 'nearest' } satisfies RequiredAuth;
export const toChange = { via: ['token', 'cookie'], reads: 'primary' } satisfies RequiredAuth;
/** What a stolen session must not do: the owner has proved in the last ten minutes to be there. */
export const toProtect = { ...toChange, recent: true } satisfies RequiredAuth;
/** Reading asks the primary too: an admin decides by what is shown. */
export const admins = { ...toProtect, role: 'admin' } satisfies RequiredAuth;
