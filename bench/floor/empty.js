// The floor of requests without I/O: a Worker that does nothing. `/logged` also writes one log line, as Latchkey does.
const FIELDS = {
  level: 'info',
  requestId: '00000000-0000-0000-0000-000000000000',
  dialect: 'account',
  method: 'GET',
  route: '/account/*',
  status: 404,
  reason: 'not_found',
  ms: 0,
  d1: 0,
  kvGets: 0,
  kvPuts: 0,
  kvDeletes: 0,
  hashes: 0,
};

const LINE = JSON.stringify(FIELDS);

/** The headers of every response of Latchkey. */
const HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  Vary: 'Origin',
  'Content-Type': 'application/json',
};

export default {
  fetch(request) {
    if (request.url.endsWith('/worded')) {
      const requestId = crypto.randomUUID();
      console.log(JSON.stringify({ ...FIELDS, requestId }));
      return new Response('{"detail":"Not found."}', {
        status: 404,
        headers: { ...HEADERS, 'X-Request-Id': requestId },
      });
    }
    if (request.url.endsWith('/logged')) console.log(LINE);
    return new Response(null, { status: 404 });
  },
};
