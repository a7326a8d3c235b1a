// The paths of our own pages that a page may send people back to. Never another site.

/**
 * The pages that send people to sign in or to confirm. No path that a browser could take for another site, and none of
 * a dialect, where a GET can log out. A query may follow: it only chooses what a page shows.
 */
const OWN_PATH =
  /^\/(?:activity|apps|oidc\/authorize|admin(?:\/apps(?:\/[\w-]{1,200}(?:\/remove)?)?|\/users\/\d{1,15}(?:\/(?:delete|remove-factors))?)?|delete|devices|email|export|password|picture|profile|security(?:\/(?:app-passwords|passkeys(?:\/\d{1,15})?))?|username|verify-email)?(?:\?[\w.~%&=+*-]*)?$/;

export const isOwnPath = (to: string): boolean => OWN_PATH.test(to);

/** The path of a page; the front page for every other text. */
export const ownPath = (to: string | undefined): string => (to !== undefined && isOwnPath(to) ? to : '/');

/** The page of a form, by the path that the form is sent to: `/devices/end` is on `/devices`. */
export const pageOf = (path: string): string =>
  isOwnPath(path) ? path : pageOf(path.slice(0, Math.max(1, path.lastIndexOf('/'))));
