// The `auth` values of `id`: a token or a browser's cookie.
import type { RequiredAuth } from '../../http/auth/auth.ts';

export const toRead = { via: ['token', 'cookie'], reads: 'nearest' } satisfies RequiredAuth;
export const toChange = { via: ['token', 'cookie'], reads: 'primary' } satisfies RequiredAuth;
/** For what a stolen session must not do: needs authentication within the last ten minutes. */
export const toProtect = { ...toChange, recent: true } satisfies RequiredAuth;
/** Reads the primary for reads too, because admins decide by them. */
export const admins = { ...toProtect, role: 'admin' } satisfies RequiredAuth;
