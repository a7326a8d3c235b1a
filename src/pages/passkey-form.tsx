// A form that a passkey fills in, by the script src/assets/passkeys.js.
import type { Child } from 'hono/jsx';

export interface PasskeyFormProps {
  action: string;
  /** What the script does: create a passkey, ask for one of the account's, or for any of the service's. */
  kind: 'create' | 'get' | 'sign-in';
  /** Options of a challenge that was issued for this page. */
  options?: object;
  /** Where the script fetches the options. */
  url?: string;
  /** The token that belongs to the options; the script sets it together with fetched options. */
  token?: string;
  send: string;
  children?: Child;
}

/** Hidden until the script finds that the browser supports passkeys. */
export const PasskeyForm = ({ action, kind, options, url, token = '', send, children }: PasskeyFormProps) => (
  <form
    method="post"
    action={action}
    novalidate
    hidden
    data-passkey={kind}
    data-options={options && JSON.stringify(options)}
    data-url={url}
  >
    <input type="hidden" name="token" value={token} />
    <input type="hidden" name="passkey" />
    {children}
    <div class="actions">
      <button type="submit" class="quiet">
        {send}
      </button>
    </div>
    <p class="error" role="status" />
  </form>
);

/** Shown until the script finds that the browser supports passkeys. */
export const NeedsScript = ({ children }: { children?: Child }) => (
  <p class="hint" data-without-passkeys>
    {children}
  </p>
);
