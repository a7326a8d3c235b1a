// A person on the account pages: their own browser context, and actions by labels and buttons.
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';

export const PASSWORD = 'four walls and a door';

export interface Person {
  context: BrowserContext;
  page: Page;
  /** Of the service. */
  origin: string;
  /** Opens a page by its path. */
  goTo: (path: string) => Promise<void>;
  /** Fills in fields by their labels. */
  fill: (fields: Readonly<Record<string, string>>) => Promise<void>;
  /** Presses the button of that name, and waits for the next page. */
  press: (button: string | RegExp) => Promise<void>;
  /** Follows the link of that name. */
  follow: (link: string) => Promise<void>;
  /** The heading of the page. */
  heading: () => Promise<string>;
  /** The message above the content. */
  notice: () => Promise<string>;
  /** Errors in the page, violations of its policy, and requests to another origin. */
  complaints: string[];
  /** Becomes a person whom the service does not know: without cookies and complaints. */
  forget: () => Promise<void>;
  leave: () => Promise<void>;
}

let made = 0;

/** A name that nobody else has. */
export const someName = (): string => {
  made += 1;
  return `visitor${made}`;
};

export const emailOf = (name: string): string => `${name}@example.com`;

/** Opens a browser context without cookies. */
export const arrive = async (
  browser: Browser,
  origin: string,
  { javaScriptEnabled = true }: { javaScriptEnabled?: boolean } = {},
): Promise<Person> => {
  const context = await browser.newContext({ javaScriptEnabled });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) complaints.push(message.text());
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) complaints.push(`It asks for ${request.url()}`);
  });
  const thenLoaded = async (target: Locator): Promise<void> => {
    const loaded = page.waitForEvent('load');
    await target.click();
    await loaded;
  };
  return {
    context,
    page,
    origin,
    complaints,
    async goTo(path) {
      await page.goto(origin + path);
    },
    async fill(fields) {
      for (const [label, text] of Object.entries(fields))
        await page.getByLabel(new RegExp(`^${label}( \\(optional\\))?$`)).fill(text);
    },
    press: (button) => thenLoaded(page.getByRole('button', { name: button, exact: true })),
    follow: (link) => thenLoaded(page.getByRole('link', { name: link, exact: true }).first()),
    heading: () => page.locator('h1').innerText(),
    notice: () => page.locator('.notice').innerText(),
    async forget() {
      await context.clearCookies();
      complaints.length = 0;
    },
    leave: () => context.close(),
  };
};

/** Creates an account whose session is a cookie of this browser. The page stays as it is. The form has its own test. */
export const signUp = async (
  { context, origin }: Pick<Person, 'context' | 'origin'>,
  name = someName(),
): Promise<string> => {
  const response = await context.request.post(`${origin}/id/register`, {
    data: { email: emailOf(name), username: name, name, password: PASSWORD },
  });
  if (response.status() !== 201) throw new Error(`No account was made: ${await response.text()}`);
  return name;
};

/** Signs in by the form of the page. */
export const signInHere = async (person: Person, name: string, password = PASSWORD): Promise<void> => {
  await person.fill({ 'Username or email': name, Password: password });
  await person.press('Sign in');
};

export const signIn = async (person: Person, name: string, password = PASSWORD): Promise<void> => {
  await person.goTo('/sign-in');
  await signInHere(person, name, password);
};
