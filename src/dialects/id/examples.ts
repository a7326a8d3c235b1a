// Mary, whose account the examples of `id` show.

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
  firstName: '',
  lastName: '',
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
