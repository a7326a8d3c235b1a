// Recovery codes: shown once, to be saved.
import type { Context } from 'hono';
import type { AppEnv } from '../../http/context.ts';
import { endpoint } from '../../http/endpoint.ts';
import { goOn } from '../done.ts';
import { show } from '../layout.tsx';
import { Notice } from '../notice.tsx';
import { recentOwner } from '../session.tsx';

/** A file without a request: codes that were shown once are not sent or stored anywhere. */
const fileOf = (serviceName: string, name: string, codes: readonly string[]): string =>
  `data:text/plain;charset=utf-8,${encodeURIComponent(
    `Recovery codes of ${name} at ${serviceName}\nEach works once, in place of your passkey or authenticator app.\n\n${codes.join('\n')}\n`,
  )}`;

/** Shows new codes. As the answer to a POST, the page is in no history, and reloading does not show it again. */
export const showRecoveryCodes = (
  c: Context<AppEnv>,
  codes: readonly string[],
  added: string | null,
): Response => {
  const { username, email } = c.var.principal.account;
  return show(
    c,
    { title: 'Save your recovery codes', here: '/security', narrow: true },
    <>
      {added !== null && <Notice kind="good">{added}</Notice>}
      <h1>Save your recovery codes</h1>
      <p class="lead">
        If you lose your passkey or your authenticator app, one of these signs you in. They are shown only
        now: keep them where you keep important papers.
      </p>
      <ul class="card codes">
        {codes.map((code) => (
          <li>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <p class="actions">
        <a
          class="button"
          href={fileOf(c.var.httpSettings.serviceName, username ?? email, codes)}
          download="recovery-codes.txt"
        >
          Download
        </a>
        <a class="cancel" href="/security">
          I have saved them
        </a>
      </p>
    </>,
  );
};

const renew = endpoint({
  method: 'POST',
  path: '/security/recovery-codes',
  auth: recentOwner,
  handle: async (c) => {
    const { core, principal, client } = c.var;
    const renewed = await (await core.factors()).renewRecoveryCodes(principal, client);
    return renewed.ok ? showRecoveryCodes(c, renewed.value, null) : goOn(c, '/security', 'factor-gone');
  },
});

export const recoveryCodes = [renew];
