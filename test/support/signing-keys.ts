// Signing keys for tests only.

export const ISSUER = 'https://id.example.com';
export const API = 'https://api.example.com';

/** Created by `npm run keys`. */
export const KEYS = [
  {
    kty: 'EC',
    crv: 'P-256',
    kid: 'first',
    x: 'tDcrpqOPvqy4JMr_OE5BYNMdOLZwWs_SHLEG6SDdwgU',
    y: 'EPA9EQFnt2AYTTTh-Fp7d4y5za-yW36sQ6n2kj5FQL0',
    d: 'exrIccLQHTyGIB8w0dE71s4jH7OScgeZDV5oa83VlfA',
  },
  {
    kty: 'EC',
    crv: 'P-256',
    kid: 'second',
    x: 'ZQejKquEJJSfe_aa8_xRAolFw12U30qJm_uRZzEzLW8',
    y: '_6ApuPSIofTRpWVD_LClahrCthJXInNLRUShV4Iu6ZQ',
    d: 'G3SKN_dq5NmEfTSwjryKcyXPefffI2M2nCCYRk0FYjU',
  },
] as const;
