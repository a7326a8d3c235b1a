// Passkeys in the browser: the only script of the pages. Without it, everything else works.
//
// A form with `data-passkey` needs one. The script gets the answer from the browser, puts it into the form's hidden
// fields and sends the form, so that what follows is a page like every other. `data-passkey` says what is needed:
//   create    a new passkey, for the options in `data-options`
//   get       one of the account's passkeys, for the options in `data-options`
//   sign-in   any passkey, for options that are fetched from `data-url`: by a button, or by the browser's autofill

/** Options live for five minutes: autofill that waits for longer gets new ones. */
const RENEW_AFTER_MS = 4 * 60 * 1000;

const toText = (buffer) => {
  const binary = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
};

const toBytes = (text) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) =>
    character.charCodeAt(0),
  );

const withBytes = (list = []) => list.map((each) => ({ ...each, id: toBytes(each.id) }));

// Browsers learned to read and write the JSON forms only lately: these are the few lines that they need otherwise.
const create = async (options) => {
  const credential = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: toBytes(options.challenge),
      user: { ...options.user, id: toBytes(options.user.id) },
      excludeCredentials: withBytes(options.excludeCredentials),
    },
  });
  const { response } = credential;
  const publicKey = response.getPublicKey();
  return {
    id: credential.id,
    rawId: credential.id,
    type: credential.type,
    response: {
      clientDataJSON: toText(response.clientDataJSON),
      authenticatorData: toText(response.getAuthenticatorData()),
      publicKey: publicKey && toText(publicKey),
      publicKeyAlgorithm: response.getPublicKeyAlgorithm(),
      transports: response.getTransports(),
    },
  };
};

const get = async (options, more = {}) => {
  const credential = await navigator.credentials.get({
    publicKey: {
      ...options,
      challenge: toBytes(options.challenge),
      allowCredentials: withBytes(options.allowCredentials),
    },
    ...more,
  });
  const { response } = credential;
  return {
    id: credential.id,
    rawId: credential.id,
    type: credential.type,
    response: {
      clientDataJSON: toText(response.clientDataJSON),
      authenticatorData: toText(response.authenticatorData),
      signature: toText(response.signature),
      userHandle: response.userHandle && toText(response.userHandle),
    },
  };
};

const send = (form, passkey, token) => {
  form.elements.passkey.value = JSON.stringify(passkey);
  if (token !== undefined) form.elements.token.value = token;
  form.submit();
};

const TEXTS = {
  InvalidStateError: 'This device has a passkey for your account already.',
  NotAllowedError: 'No passkey was used. You can try again.',
  SecurityError: 'Passkeys do not work at this address.',
};

const say = (form, text) => {
  form.querySelector('[role=status]').textContent = text;
};

const explain = (form, error) => {
  if (error.name !== 'AbortError') say(form, TEXTS[error.name] ?? 'This did not work. You can try again.');
};

const fetchOptions = async (url) => {
  const response = await fetch(url, { method: 'POST' });
  if (!response.ok) throw new Error(`${response.status}`);
  return response.json();
};

/** A form with its options: the button asks for the passkey. */
const byButton = (form, ask) => {
  const options = JSON.parse(form.dataset.options);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    say(form, '');
    try {
      send(form, await ask(options));
    } catch (error) {
      explain(form, error);
    }
  });
};

/** The sign-in page: autofill waits in the background, and the button interrupts it. */
const signIn = (form) => {
  let waiting = new AbortController();

  const ask = async (more) => {
    waiting.abort();
    waiting = new AbortController();
    const { signal } = waiting;
    const { token, publicKey } = await fetchOptions(form.dataset.url);
    if (!signal.aborted) send(form, await get(publicKey, { ...more, signal }), token);
  };

  const autofill = async () => {
    try {
      await ask({ mediation: 'conditional' });
    } catch {
      // Nobody asked for anything: nobody is told.
    }
  };

  let timer = null;
  const wait = async () => {
    if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    autofill();
    timer = setInterval(autofill, RENEW_AFTER_MS);
  };

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    clearInterval(timer);
    say(form, '');
    try {
      await ask();
    } catch (error) {
      explain(form, error);
      wait();
    }
  });
  wait();
};

/** Tells the browser which passkeys are left, so that it stops offering those that were removed. */
const signal = ({ rpId, userId, credentialIds }) =>
  PublicKeyCredential.signalAllAcceptedCredentials?.({
    rpId,
    userId,
    allAcceptedCredentialIds: JSON.parse(credentialIds),
  }).catch(() => undefined);

if (window.PublicKeyCredential) {
  for (const note of document.querySelectorAll('[data-without-passkeys]')) note.hidden = true;
  for (const form of document.querySelectorAll('form[data-passkey]')) {
    form.hidden = false;
    if (form.dataset.passkey === 'sign-in') signIn(form);
    else byButton(form, form.dataset.passkey === 'create' ? create : get);
  }
  const known = document.querySelector('[data-credential-ids]');
  if (known) signal(known.dataset);
}
