// The setup of the browser tests: the Worker, an allowed page, a foreign page, and browsers with accounts.
import type { Cookie, Page } from 'playwright-core';
import { launchChromium } from './support-chromium.ts';
import { servePages } from './support-pages.ts';
import { type Service, startService } from './support-service.ts';

export const PASSWORD = 'sesame1234';
export const JSON_TYPE = { 'Content-Type': 'application/json' };

/** The dialects' refusals of cross-site requests. */
export const CSRF = { status: 403, text: '{"detail":"CSRF Failed: cross-site request."}' };
export const NOT_ALLOWED = {
  status: 403,
  text: '{"status":"failed","desc":"operation not allowed","error_code":112}',
};
export const FORBIDDEN = { status: 403, text: '{"status":"fail","errors":{"main":{"msg":"Forbidden!"}}}' };

let made = 0;

/** The fields of an account that no other test creates. */
export const someone = () => {
  made += 1;
  const username = `person${String(made).padStart(4, '0')}`;
  return { username, email: `${username}@test.com`, password: PASSWORD };
};
export type Person = ReturnType<typeof someone>;

/** A browser's profile with one window. */
export interface Owner {
  /** Opens a page in the window: to open another window takes longer than most tests. */
  openPage: (origin: string) => Promise<Page>;
  /** Creates an account and logs in to it, as the service's own page does. Returns the response of `me/`. */
  join: () => Promise<string>;
  /** The response of `me/` to this browser's cookies, not requested by a page of another origin. */
  truth: () => Promise<{ status: number; text: string }>;
  cookies: () => Promise<Cookie[]>;
  /** The value of the session cookie. */
  session: () => Promise<string | undefined>;
  /** Deletes the cookies: the browser is then that of somebody else. */
  forget: () => Promise<void>;
}

export interface Stage {
  service: Service;
  allowedPort: number;
  foreignPort: number;
  owner: Owner;
  /** Creates an account without a browser. */
  elsewhere: () => Promise<Person>;
  /** True if that name and password log in. */
  isRegistered: (person: Pick<Person, 'username' | 'password'>) => Promise<boolean>;
  /** Stops everything. */
  clear: () => Promise<void>;
}

export const setStage = async (): Promise<Stage> => {
  const [allowed, foreign] = [await servePages(), await servePages()];
  const [service, browser] = await Promise.all([
    startService({ ALLOWED_ORIGINS: `http://localhost:${allowed.port}` }),
    launchChromium(),
  ]);

  const post = (path: string, fields: unknown): Promise<Response> =>
    fetch(service.origin + path, { method: 'POST', headers: JSON_TYPE, body: JSON.stringify(fields) });

  const context = await browser.newContext();
  const page = await context.newPage();
  const cookies = () => context.cookies(service.origin);
  const owner: Owner = {
    cookies,
    async openPage(origin) {
      await page.goto(`${origin}/`);
      return page;
    },
    async join() {
      const response = await context.request.post(`${service.origin}/api/users/register/`, {
        data: someone(),
      });
      if (response.status() !== 200) throw new Error(`No account was made: ${await response.text()}`);
      return response.text();
    },
    async truth() {
      const response = await context.request.get(`${service.origin}/api/users/me/`);
      return { status: response.status(), text: await response.text() };
    },
    session: async () => (await cookies()).find(({ name }) => name === 'sessionid')?.value,
    forget: () => context.clearCookies(),
  };

  return {
    service,
    allowedPort: allowed.port,
    foreignPort: foreign.port,
    owner,
    async elsewhere() {
      const person = someone();
      const text = await (await post('/api/v1/user/register/', person)).text();
      if (!text.startsWith('{"status":"success"')) throw new Error(`No account was made: ${text}`);
      return person;
    },
    isRegistered: async ({ username, password }) =>
      (await post('/account/login', { username, password })).status === 200,
    async clear() {
      await browser.close();
      await service.close();
      await Promise.all([allowed.close(), foreign.close()]);
    },
  };
};
