// Mail on one's own machine: on without an account anywhere, into a mailbox that wrangler keeps.

/** From nobody: no mail leaves the machine. The domain is one that can never be anybody's. https://www.rfc-editor.org/rfc/rfc2606 */
const LOCAL_SENDER = 'Latchkey <latchkey@example.com>';

type Vars = Readonly<Record<string, unknown>>;

/**
 * The variables that turn mail on while developing: the local mailbox, and links that lead back to this machine. The
 * sender of wrangler.toml stays; its provider and its public address are of the deployment.
 * @param vars what wrangler.toml says
 * @param own what the developer says, in the file of local secrets or on the command line: it counts
 * @param origin where the service will be; null if that is not known yet
 */
export const localMailVars = (vars: Vars, own: Vars, origin: string | null): Record<string, string> => {
  const wanted = {
    MAIL_FROM: vars['MAIL_FROM'] === undefined ? LOCAL_SENDER : null,
    MAIL_PROVIDER: vars['MAIL_PROVIDER'] === undefined ? null : 'cloudflare',
    PUBLIC_URL: origin,
    // It fits the public address of the deployment alone.
    COOKIE_DOMAIN: vars['COOKIE_DOMAIN'] === undefined ? null : '',
  };
  // Links that lead nowhere, or somewhere else, are worse than none.
  if (origin === null && own['PUBLIC_URL'] === undefined) return {};
  return Object.fromEntries(
    Object.entries(wanted).flatMap(([name, value]) =>
      value === null || Object.hasOwn(own, name) ? [] : [[name, value]],
    ),
  );
};
