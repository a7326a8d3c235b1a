// A minimal browser: it keeps cookies, sends forms, and follows redirects up to a given address.

export interface Page {
  url: string;
  status: number;
  text: string;
}

export interface Visitor {
  /** Opens an address and follows redirects. Stops before an address that begins with `until`. */
  open: (url: string, until?: string) => Promise<Page>;
  /** Sends the form of a page that has these fields, filled in. */
  submit: (page: Page, fields: Readonly<Record<string, string>>, until?: string) => Promise<Page>;
}

/** No flow here has more steps. */
const MAX_STEPS = 20;

const toPlain = (text: string): string =>
  text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');

const attribute = (tag: string, name: string): string | undefined => {
  const value = new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1];
  return value === undefined ? undefined : toPlain(value);
};

/** The address of the page's `refresh`. */
const refreshOf = (text: string): string | undefined => {
  const [tag = ''] = /<meta[^>]*http-equiv="refresh"[^>]*>/.exec(text) ?? [];
  return attribute(tag, 'content')?.replace(/^0;\s*url=/, '');
};

/** The action of the form with these fields, and its initial values. */
const formOf = ({ url, text }: Page, names: readonly string[]) => {
  const forms = [...text.matchAll(/<form[^>]*method="post"[^>]*>[\s\S]*?<\/form>/g)].map(([form]) => form);
  const form = forms.find((each) => names.every((name) => each.includes(`name="${name}"`)));
  if (form === undefined) throw new Error(`No form at ${url}: ${text.slice(0, 2000)}`);
  const fields = new URLSearchParams();
  for (const [tag] of form.matchAll(/<input[^>]*>/g)) {
    const [name, value] = [attribute(tag, 'name'), attribute(tag, 'value')];
    if (name !== undefined && value !== undefined) fields.set(name, value);
  }
  return { action: new URL(attribute(form, 'action') ?? url, url).href, fields };
};

export const createVisitor = (): Visitor => {
  const jars = new Map<string, Map<string, string>>();

  const visit = async (start: string, init: RequestInit, until: string | undefined): Promise<Page> => {
    let url = start;
    let sent = init;
    for (let step = 0; step < MAX_STEPS; step += 1) {
      if (until !== undefined && url.startsWith(until)) return { url, status: 0, text: '' };
      // As in browsers, a cookie belongs to a host, not to a port.
      const { hostname } = new URL(url);
      const jar = jars.get(hostname) ?? new Map<string, string>();
      jars.set(hostname, jar);
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
      const headers = { ...sent.headers, Accept: 'text/html', Cookie: cookie };
      const response = await fetch(url, { ...sent, headers, redirect: 'manual' });
      for (const line of response.headers.getSetCookie()) {
        const [pair = ''] = line.split(';');
        const [name = '', value = ''] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
        if (/;\s*max-age=0\b/i.test(line) || value === '') jar.delete(name);
        else jar.set(name, value);
      }
      const text = await response.text();
      const next = response.headers.get('Location') ?? refreshOf(text);
      if (next === undefined || next === null) return { url, status: response.status, text };
      url = new URL(next, url).href;
      sent = {};
    }
    throw new Error(`It never ends: ${url}`);
  };

  return {
    open: (url, until) => visit(url, {}, until),
    submit(page, filled, until) {
      const { action, fields } = formOf(page, Object.keys(filled));
      for (const [name, value] of Object.entries(filled)) fields.set(name, value);
      const headers = {
        'Content-Type': 'application/x-www-form-urlencoded',
        Origin: new URL(page.url).origin,
        'Sec-Fetch-Site': 'same-origin',
      };
      return visit(action, { method: 'POST', body: String(fields), headers }, until);
    },
  };
};
