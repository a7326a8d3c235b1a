// URLs that others name: the addresses to which the service sends requests, and those it refuses.
import { describe, expect, it } from 'vitest';
import { readOutboundUrl } from '../../src/core/outbound-url.ts';

const read = (text: string) => readOutboundUrl(text, { allowsLoopback: false })?.href ?? null;

describe('an outbound URL', () => {
  it.each([
    'https://example.com/hook',
    'https://example.com:8443/hook?x=1',
    'https://a-b.example.co.uk/',
    'https://_dmarc.example.com/',
    'https://xn--bcher-kva.example.com/',
    'https://example.xn--p1ai/',
  ])('can have a public name as its host: %s', (text) => {
    expect(read(text)).toBe(text);
  });

  it.each([
    // Other schemes
    'http://example.com/',
    'ftp://example.com/',
    'file:///etc/passwd',
    'data:text/plain,x',
    'javascript:alert(1)',
    'gopher://example.com/',
    'blob:https://example.com/x',
    // This machine, in every spelling
    'https://localhost/',
    'https://LOCALHOST/',
    'https://localhost./',
    'https://a.localhost/',
    'https://127.0.0.1/',
    'https://127.0.0.1./',
    'https://127.1/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
    'https://017700000001/',
    'https://①②⑦.0.0.1/',
    'https://１２７.0.0.1/',
    'https://127。0。0。1/',
    'https://%31%32%37.0.0.1/',
    'https://0.0.0.0/',
    'https://0/',
    'https://[::1]/',
    'https://[::]/',
    'https://[0:0:0:0:0:0:0:1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:7f00:1]/',
    'https://[64:ff9b::127.0.0.1]/',
    // Private, link-local, shared, and public addresses: an address is no name
    'https://10.0.0.1/',
    'https://172.16.0.1/',
    'https://192.168.1.1/',
    'https://169.254.169.254/latest/meta-data/',
    'https://0xa9fea9fe/',
    'https://100.64.0.1/',
    'https://224.0.0.1/',
    'https://255.255.255.255/',
    'https://8.8.8.8/',
    'https://[fe80::1]/',
    'https://[fc00::1]/',
    'https://[2001:db8::1]/',
    'https://[2606:4700::1111]/',
    // Names of a private network
    'https://intranet/',
    'https://printer.local/',
    'https://metadata.google.internal/',
    'https://router.lan/',
    'https://nas.home.arpa/',
    'https://1.0.0.127.in-addr.arpa/',
    'https://db.corp/',
    'https://x.onion/',
    'https://x.test/',
    'https://x.invalid/',
    'https://example.com./',
    'https://.example.com/',
    'https://a..example.com/',
    'https://-a.example.com/',
    'https://example.c/',
    // What is not the host
    'https://user@example.com/',
    'https://user:secret@example.com/',
    'https://:secret@example.com/',
    'https://127.0.0.1:443@[::1]/',
    'https://example.com/#x',
    'https://example.com/#',
    `https://example.com/${'x'.repeat(2_000)}`,
    `https://${'a.'.repeat(130)}example.com/`,
    `https://${'a'.repeat(64)}.example.com/`,
    'https://',
    'https:///',
    'example.com',
    '//example.com/',
    '',
  ])('must be https at a public name: %j', (text) => {
    expect(read(text)).toBeNull();
  });

  it('can name this machine in development only, and then over http too', () => {
    for (const text of ['http://localhost:3000/x', 'https://127.0.0.1/x', 'http://[::1]:8080/']) {
      expect([text, readOutboundUrl(text, { allowsLoopback: true })?.href]).toEqual([text, text]);
      expect([text, read(text)]).toEqual([text, null]);
    }
    for (const text of [
      'http://example.com/',
      'http://192.168.1.1/',
      'http://a@localhost/',
      'ftp://localhost/',
      'http://localhost.example.com/',
      'http://127.0.0.2/',
    ])
      expect([text, readOutboundUrl(text, { allowsLoopback: true })]).toEqual([text, null]);
  });
});
