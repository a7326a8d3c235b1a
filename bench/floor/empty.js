// The floor of whatever needs no I/O: a Worker that does nothing. `/logged` writes one line, as Latchkey does.
const LINE = JSON.stringify({
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
});

export default {
  fetch(request) {
    if (request.url.endsWith('/logged')) console.log(LINE);
    return new Response(null, { status: 404 });
  },
};
