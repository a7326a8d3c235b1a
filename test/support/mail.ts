// A mailbox in memory behind the binding EMAIL, and helpers that read its mails.
import { expect } from 'vitest';
import type { Env } from '../../src/env.ts';
import { testEnv } from './worker.ts';

export const PUBLIC_URL = 'https://id.example.com';

/** A mail as the binding receives it. */
export interface ReceivedMail {
  from: unknown;
  to: string;
  subject: string;
  text: string;
  html: string;
}

export interface Mailbox {
  /** The bindings of the test pool with mail settings. */
  env: Env;
  /** The accepted mails, oldest first. */
  mails: ReceivedMail[];
  /** Runs before a mail is accepted and can throw or wait; null accepts every mail. */
  obstacle: ((mail: ReceivedMail) => unknown) | null;
  /** The number of mails that were sent to the provider, including rejected ones. */
  offered: number;
  /** The mails to an address, oldest first. */
  to(address: string): ReceivedMail[];
  /** The last mail to an address; fails if there is none. */
  last(address: string): ReceivedMail;
}

/** Bindings with mail settings, and a provider that keeps the mails in an array. */
export const createMailbox = (settings: Partial<Env> = {}, base: Env = testEnv): Mailbox => {
  const mailbox: Mailbox = {
    env: base,
    mails: [],
    obstacle: null,
    offered: 0,
    to: (address) => mailbox.mails.filter((mail) => mail.to === address),
    last: (address) => mailbox.to(address).at(-1) ?? expect.fail(`There is no mail to ${address}.`),
  };
  const EMAIL = {
    async send(mail: ReceivedMail) {
      mailbox.offered += 1;
      await mailbox.obstacle?.(mail);
      mailbox.mails.push(mail);
      return { messageId: String(mailbox.offered) };
    },
  };
  mailbox.env = Object.assign(
    { ...base },
    { EMAIL, MAIL_FROM: 'Test <id@example.com>', PUBLIC_URL },
    settings,
  );
  return mailbox;
};

/** The link of a mail: the only line of its text that is a URL with a token. */
export const linkIn = ({ text }: ReceivedMail): string =>
  /^https?:\/\/\S*[?&](?:token|sign)=\S+$/m.exec(text)?.[0] ?? expect.fail(`There is no link in:\n${text}`);

/** The token of the link of a mail. */
export const tokenIn = (mail: ReceivedMail): string => {
  const { searchParams } = new URL(linkIn(mail));
  return searchParams.get('token') ?? searchParams.get('sign') ?? expect.fail('The link has no token.');
};

/** The code of a mail: 8 digits on a line of their own. */
export const codeIn = ({ text }: ReceivedMail): string =>
  /^\d{8}$/m.exec(text)?.[0] ?? expect.fail(`There is no code in:\n${text}`);

/** The number that a query returns as `n`. */
export const countOf = async (sql: string, ...values: unknown[]): Promise<number> =>
  (await testEnv.DB.prepare(sql)
    .bind(...values)
    .first<number>('n')) ?? 0;
