// The account of the examples of `id`.

const ADDRESS = 'https://accounts.example.com';

export const password = 'four walls and a door';

export const profile = { name: 'Mary Jones', address: 'Lane 1\nLondon', pictureId: 2 };

export const account = {
  id: 5,
  username: 'mary',
  email: 'mary@example.com',
  emailVerified: true,
  pendingEmail: null,
  name: 'Mary Jones',
  firstName: 'Mary',
  lastName: 'Jones',
  address: 'Lane 1\nLondon',
  siteUrl: '',
  description: '',
  locale: 'en',
  picture: `${ADDRESS}/pictures/2.svg`,
  isAdmin: false,
  createdAt: '2026-11-21T08:14:03.512Z',
  updatedAt: '2026-11-21T08:20:41.007Z',
  lastLoginAt: '2026-11-21T08:14:03.512Z',
};

export const accountToAdmin = { ...account, disabledAt: null };

export const session = {
  id: '3c9909afec25354d551dae21590bb26e38d53f2173b8d3dc3eee4c047e7ab1c1',
  kind: 'cookie',
  createdAt: '2026-11-21T08:14:03.512Z',
  lastSeenAt: '2026-11-21T08:20:41.007Z',
  expiresAt: '2026-12-05T08:20:41.007Z',
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
  country: 'GB',
  current: true,
};

export const event = {
  id: 41,
  type: 'profile_changed',
  dialect: 'id',
  addressPrefix: '203.0.113.0/24',
  userAgent: session.userAgent,
  byAdmin: false,
  at: '2026-11-21T08:20:41.007Z',
};

/** @see src/core/provider/access-tokens.ts */
export const accessToken = {
  accessToken: `eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6IjEifQ.eyJzdWIiOiI1In0.${'A'.repeat(86)}`,
  tokenType: 'Bearer',
  expiresIn: 300,
};

export const stepToken = 'eyJwIjoic2lnbl9pbiJ9.Ct1cLqVq0rG9Jt0mT0lqVfN9mZl5b0m0Y0c5w2m1a3s';

const CREDENTIAL_ID = 'qV7yL0bX3nJc5W2pD8sT6g';
const USER_HANDLE = 'X9n0mQm2r3s4t5u6v7w8x9y0z1a2b3c4d5e6f7g8h9i0j1k2l3m4n5o6p7q8r9s0t1u2v3w4x5y6z7A8B9C0D';
const CHALLENGE = '5v1m3qVnq5e2mZ0b7d8f9h1j3l5n7p9r1t3v5x7z9B0';
const CLIENT_DATA = 'eyJ0eXBlIjoid2ViYXV0aG4uZ2V0In0';
const AUTHENTICATOR_DATA = 'v6vDdDKVi2M_YNOtZGHJxHNa5_jt1GWSpeDwFFKy5LUZAAAAAA';

export const factor = {
  id: 3,
  kind: 'passkey',
  name: 'My phone',
  createdAt: '2026-11-21T08:16:10.220Z',
  lastUsedAt: '2026-11-21T08:20:41.007Z',
  synced: true,
};

export const recoveryCodes = ['8f4b-03c1-97de-55a2-1b6e-7c90-d4f8', '2a7d-e1b3-6c48-90f5-3d2e-b817-4a6c'];

export const totp = {
  secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
  uri: 'otpauth://totp/Latchkey:mary?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Latchkey&algorithm=SHA1&digits=6&period=30',
};

export const appPassword = {
  id: 4,
  name: 'Old phone',
  dialect: 'account',
  createdAt: '2026-11-21T08:18:02.113Z',
  lastUsedAt: null,
};

export const app = {
  id: 'notes',
  name: 'Notes',
  scopes: ['openid', 'email'],
  consentedAt: '2026-11-21T08:18:02.113Z',
};

export const appPasswordText = 'k3qp x7ab mz2c 5tyr hd4w n6ve';

export const knownPasskeys = {
  rpId: 'accounts.example.com',
  userHandle: USER_HANDLE,
  credentialIds: [CREDENTIAL_ID],
};

export const requestOptions = {
  challenge: CHALLENGE,
  rpId: 'accounts.example.com',
  timeout: 300_000,
  userVerification: 'required',
  allowCredentials: [],
};

export const creationOptions = {
  rp: { id: 'accounts.example.com', name: 'Latchkey' },
  user: { id: USER_HANDLE, name: 'mary', displayName: 'Mary Jones' },
  challenge: CHALLENGE,
  pubKeyCredParams: [
    { type: 'public-key', alg: -7 },
    { type: 'public-key', alg: -8 },
    { type: 'public-key', alg: -257 },
  ],
  timeout: 300_000,
  excludeCredentials: [],
  authenticatorSelection: {
    residentKey: 'required',
    requireResidentKey: true,
    userVerification: 'preferred',
  },
  attestation: 'none',
};

export const assertion = {
  id: CREDENTIAL_ID,
  rawId: CREDENTIAL_ID,
  type: 'public-key',
  response: {
    clientDataJSON: CLIENT_DATA,
    authenticatorData: AUTHENTICATOR_DATA,
    signature: 'MEUCIQDk0Yq1Q2W3e4R5t6Y7u8I9o0P1a2S3d4F5g6H7j8',
    userHandle: USER_HANDLE,
  },
};

export const registration = {
  id: CREDENTIAL_ID,
  rawId: CREDENTIAL_ID,
  type: 'public-key',
  response: {
    clientDataJSON: CLIENT_DATA,
    authenticatorData: AUTHENTICATOR_DATA,
    transports: ['internal', 'hybrid'],
  },
};
