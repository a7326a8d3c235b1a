// What other Workers get over a service binding: `latchkey/rpc` in the package. Imports nothing.

/** An account as other Workers see it. Times are milliseconds since the epoch. */
export interface AccountView {
  /** The public id: `sub` in every token. Never given to another account. */
  sub: string;
  /** The number that the dialects show. */
  id: number;
  username: string | null;
  email: string;
  emailVerified: boolean;
  name: string;
  locale: string;
  isAdmin: boolean;
  /** Null unless an admin has disabled the account. */
  disabledAtMs: number | null;
  createdAtMs: number;
}

/** Who sent a request, and by which session. */
export interface SignedIn {
  account: AccountView;
  session: {
    /** Names the session; it opens nothing. */
    id: string;
    kind: string;
    createdAtMs: number;
    expiresAtMs: number;
    /** The second factor that its owner proved; null for none. `trusted_browser`: at an earlier login there. */
    factor: 'passkey' | 'totp' | 'recovery_code' | 'trusted_browser' | null;
    /**
     * Whether an app password opened it: the password of one old client, without the second factor that the account may
     * have. Refuse it for whatever its owner should confirm in person.
     */
    isByAppPassword: boolean;
  };
}

/**
 * What the entrypoint `Accounts` answers over a service binding. Each call reads like an authenticated request: an
 * ended session is refused at once. It throws if D1 or the settings fail.
 */
export interface AccountsService {
  /**
   * Who sent a request, by its `Authorization` header or else its cookie. Null if anonymous, and for a cookie on an
   * unsafe request that a page of another origin caused. Headers alone count as those of an unsafe request. Null too
   * while REQUIRE_VERIFIED_EMAIL asks the account for a proof of its address.
   */
  authenticate(request: Request | Headers): Promise<SignedIn | null>;
  /** Who a token belongs to: an API token, a JWT or an access token, never a cookie's value. Null if it is not valid. */
  verify(token: string): Promise<SignedIn | null>;
  /** The account with a `sub`, or with the id that the dialects show; null if there is none. */
  account(id: string | number): Promise<AccountView | null>;
}
