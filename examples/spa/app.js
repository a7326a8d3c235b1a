// A browser app on another origin. It signs in with the session cookie, which scripts cannot read.
// Its origin must be in ALLOWED_ORIGINS and on the same site as Latchkey, because the cookie is SameSite=Lax.
const LATCHKEY = new URLSearchParams(location.search).get('latchkey') ?? 'http://localhost:8787';

const form = document.querySelector('#sign-in');
const signOut = document.querySelector('#sign-out');
const message = document.querySelector('#message');

/** Sends a request to Latchkey with the cookie. Returns the response body, or null if there is none. */
const ask = async (path, { method = 'GET', body } = {}) => {
  const response = await fetch(`${LATCHKEY}/id${path}`, {
    method,
    credentials: 'include',
    headers: body ? { 'Content-Type': 'application/json' } : {},
    body: body && JSON.stringify(body),
  });
  const answer = response.status === 204 ? null : await response.json();
  if (!response.ok) throw new Error(answer.title);
  return answer;
};

const show = (account) => {
  form.hidden = account !== null;
  signOut.hidden = account === null;
  // Set as text, so that a name is never parsed as HTML.
  message.textContent =
    account === null ? 'You are not signed in.' : `You are ${account.name || account.email}.`;
};

const attempt = async (work) => {
  try {
    await work();
  } catch (error) {
    message.textContent = error.message;
  }
};

form.addEventListener('submit', (event) => {
  event.preventDefault();
  attempt(async () => {
    const { account } = await ask('/login', { method: 'POST', body: Object.fromEntries(new FormData(form)) });
    form.reset();
    show(account);
  });
});

signOut.addEventListener('click', () =>
  attempt(async () => {
    await ask('/logout', { method: 'POST' });
    show(null);
  }),
);

ask('/me').then(
  ({ account }) => show(account),
  () => show(null),
);
