// Mail in local development: enabled without a mail provider. Wrangler stores the mails.

/** A reserved domain, which nobody can own. No mail leaves the machine. https://www.rfc-editor.org/rfc/rfc2606 */
const LOCAL_SENDER = 'Latchkey <latchkey@example.com>';

type Vars = Readonly<Record<string, unknown>>;

/**
 * The variables that enable mail in local development: the local mailbox, and links to this machine. The sender of
 * wrangler.toml is kept. Its provider and public URL are those of the deployment, so they are replaced.
 * @param vars the variables of wrangler.toml
 * @param own the variables of the developer, from the file of local secrets or the command line. They have precedence
 * @param origin of the local service; null if it is not known yet
 */
export const localMailVars = (vars: Vars, own: Vars, origin: string | null): Record<string, string> => {
  const wanted = {
    MAIL_FROM: vars['MAIL_FROM'] === undefined ? LOCAL_SENDER : null,
    MAIL_PROVIDER: vars['MAIL_PROVIDER'] === undefined ? null : 'cloudflare',
    PUBLIC_URL: origin,
    // It is valid only with the public URL of the deployment.
    COOKIE_DOMAIN: vars['COOKIE_DOMAIN'] === undefined ? null : '',
  };
  // Without a known origin, links would be wrong, so there is no mail.
  if (origin === null && own['PUBLIC_URL'] === undefined) return {};
  return Object.fromEntries(
    Object.entries(wanted).flatMap(([name, value]) =>
      value === null || Object.hasOwn(own, name) ? [] : [[name, value]],
    ),
  );
};
