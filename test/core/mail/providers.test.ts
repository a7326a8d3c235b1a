// Mail providers over HTTP: the requests that they get, and how each of their answers is read.
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Mail, ProviderSettings } from '../../../src/core/mail/mailer.ts';
import { createMailer } from '../../../src/core/mail/providers/index.ts';

const mail: Mail = {
  to: 'ann@example.com',
  subject: 'Häuser',
  text: 'Hello\n',
  html: '<p>Hello</p>',
  idempotencyKey: 'id.example.com-7-1',
};

const FROM = { name: 'House, "The"', address: 'id@example.com' };
const HEADER = '"House, \\"The\\"" <id@example.com>';

const PROVIDERS: Record<string, ProviderSettings> = {
  resend: { provider: 'resend', apiKey: 're_123456789012', endpoint: null },
  postmark: { provider: 'postmark', serverToken: 'pm-123456789012', endpoint: null },
  ses: {
    provider: 'ses',
    region: 'eu-central-1',
    accessKeyId: 'AKIA1234567890',
    secretAccessKey: 'secret-secret-12',
    endpoint: null,
  },
};

afterEach(() => {
  vi.unstubAllGlobals();
});

interface Asked {
  url: string;
  headers: Headers;
  body: unknown;
}

/** Sends the mail to a provider that gives this answer; returns the provider's request and the delivery. */
const deliver = async (
  name: string,
  answer: { status: number; body?: unknown; headers?: Record<string, string> },
  endpoint: string | null = null,
) => {
  const asked: Asked[] = [];
  vi.stubGlobal('fetch', async (input: RequestInfo, init?: RequestInit) => {
    const request = new Request(input, init);
    asked.push({ url: request.url, headers: request.headers, body: await request.json() });
    const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {});
    return new Response(text, { status: answer.status, headers: answer.headers ?? {} });
  });
  const settings = PROVIDERS[name] ?? expect.fail(name);
  const mailer = await createMailer(Object.assign({}, settings, { endpoint }), {
    from: FROM,
    timeoutMs: 1_000,
  });
  const delivery = await mailer.send(mail);
  const [first = expect.fail('Nothing was asked.'), ...others] = asked;
  expect(others).toEqual([]);
  return { ...first, delivery };
};

describe('the request for a mail', () => {
  it('has the form of Resend and an idempotency key', async () => {
    const { url, headers, body, delivery } = await deliver('resend', { status: 200, body: { id: 'x' } });
    expect(url).toBe('https://api.resend.com/emails');
    expect(headers.get('Authorization')).toBe('Bearer re_123456789012');
    expect(headers.get('Idempotency-Key')).toBe(mail.idempotencyKey);
    const { to, subject, text, html } = mail;
    expect(body).toEqual({ from: HEADER, to: [to], subject, text, html });
    expect(delivery).toEqual({ outcome: 'sent' });
  });

  it('has the form of Postmark, with tracking turned off', async () => {
    const { url, headers, body, delivery } = await deliver('postmark', {
      status: 200,
      body: { ErrorCode: 0 },
    });
    expect(url).toBe('https://api.postmarkapp.com/email');
    expect(headers.get('X-Postmark-Server-Token')).toBe('pm-123456789012');
    expect(body).toEqual({
      From: HEADER,
      To: mail.to,
      Subject: mail.subject,
      TextBody: mail.text,
      HtmlBody: mail.html,
      TrackOpens: false,
      TrackLinks: 'None',
    });
    expect(delivery).toEqual({ outcome: 'sent' });
  });

  it('has the form of SES and its signature', async () => {
    const { url, headers, body, delivery } = await deliver('ses', { status: 200, body: { MessageId: 'x' } });
    expect(url).toBe('https://email.eu-central-1.amazonaws.com/v2/email/outbound-emails');
    expect(headers.get('Authorization')).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIA1234567890\/\d{8}\/eu-central-1\/ses\/aws4_request, SignedHeaders=/,
    );
    expect(body).toMatchObject({ FromEmailAddress: HEADER, Destination: { ToAddresses: [mail.to] } });
    expect(delivery).toEqual({ outcome: 'sent' });
  });

  it.each(Object.keys(PROVIDERS))('reaches another endpoint for %s', async (name) => {
    const { url } = await deliver(name, { status: 200, body: { ErrorCode: 0 } }, 'https://proxy.example.com');
    expect(new URL(url).origin).toBe('https://proxy.example.com');
  });
});

describe.each(Object.keys(PROVIDERS))('the answer of %s', (name) => {
  it.each([429, 500, 502, 503])('fails the mail for a retry after Retry-After with %d', async (status) => {
    const { delivery } = await deliver(name, { status, headers: { 'Retry-After': '120' } });
    expect(delivery).toEqual({ outcome: 'failed', reason: `HTTP ${status}`, retryAfterSeconds: 120 });
  });

  it.each([401, 403])('fails the mail for a retry with %d, as the key can be corrected', async (status) => {
    const { delivery } = await deliver(name, { status, body: '<html>' });
    expect(delivery).toEqual({ outcome: 'failed', reason: `HTTP ${status}`, retryAfterSeconds: null });
  });

  it('throws if there is none', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('unreachable')));
    const mailer = await createMailer(PROVIDERS[name] ?? expect.fail(name), { from: FROM, timeoutMs: 1_000 });
    await expect(mailer.send(mail)).rejects.toThrow('unreachable');
  });
});

describe('a mail', () => {
  it.each<[string, number, object, Record<string, string>, string]>([
    ['resend', 422, { name: 'validation_error', message: 'Invalid `to` field.' }, {}, 'validation_error'],
    ['postmark', 422, { ErrorCode: 406, Message: 'Inactive recipient' }, {}, 'ErrorCode 406'],
    ['postmark', 422, { ErrorCode: 300, Message: "Invalid 'To' address" }, {}, 'ErrorCode 300'],
    [
      'ses',
      400,
      { message: 'Address is suppressed.' },
      { 'x-amzn-ErrorType': 'BadRequestException:http' },
      'BadRequestException',
    ],
  ])('becomes undeliverable if %s answers %d %j', async (name, status, body, headers, reason) => {
    const { delivery } = await deliver(name, { status, body, headers });
    expect(delivery).toEqual({ outcome: 'undeliverable', reason });
  });

  it.each<[string, number, object]>([
    ['resend', 422, { name: 'validation_error', message: 'Invalid `from` field.' }],
    ['postmark', 422, { ErrorCode: 300, Message: "Invalid 'From' address" }],
    ['ses', 400, { message: 'Email address is not verified.' }],
  ])('fails for a retry if %s refuses the sender with %d %j', async (name, status, body) => {
    const headers = { 'x-amzn-ErrorType': 'MessageRejected' };
    const { delivery } = await deliver(name, { status, body, headers });
    expect(delivery.outcome).toBe('failed');
  });
});

it('counts a mail as sent if Resend knows its idempotency key with another text', async () => {
  const body = { name: 'invalid_idempotent_request' };
  expect((await deliver('resend', { status: 409, body })).delivery).toEqual({ outcome: 'sent' });
});
