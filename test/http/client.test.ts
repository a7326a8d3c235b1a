// The network prefix that is stored in place of a client's address.
import { describe, expect, it } from 'vitest';
import { addressPrefix } from '../../src/http/client.ts';
import { send, testEnv, uniqueName } from '../support/worker.ts';

describe('addressPrefix', () => {
  it.each([
    ['203.0.113.77', '203.0.113.0/24'],
    ['203.0.113.0', '203.0.113.0/24'],
    ['10.1.2.255', '10.1.2.0/24'],
  ])('reduces the IPv4 address %s to its /24 network %s', (address, prefix) => {
    expect(addressPrefix(address)).toBe(prefix);
  });

  it.each([
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['fe80::1:2:3:4', 'fe80:0:0:0::/64'],
    ['1:2:3:4:5:6:7::', '1:2:3:4::/64'],
    ['64:ff9b::203.0.113.77', '64:ff9b:0:0::/64'],
  ])('reduces the IPv6 address %s to its /64 network %s', (address, prefix) => {
    expect(addressPrefix(address)).toBe(prefix);
  });

  it.each([
    '',
    'unknown',
    '203.0.113',
    '203.0.113.77.1',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    'g::1',
  ])('returns null for %j, which is not an address', (address) => {
    expect(addressPrefix(address)).toBeNull();
  });
});

it('stores the address prefix and at most 256 characters of the user agent with an event', async () => {
  const username = uniqueName();
  const json = { username, email: `${username}@test.com`, password: 'sesame1234' };
  const headers = { 'CF-Connecting-IP': '203.0.113.77', 'User-Agent': `agent ${'x'.repeat(300)}` };
  await send('/account/register', { json, headers });
  const row = testEnv.DB.prepare(
    'SELECT e.type, e.dialect, e.address_prefix, e.user_agent FROM events e JOIN users u ON u.id = e.user_id WHERE u.username = ?',
  );
  expect(await row.bind(username).first()).toEqual({
    type: 'registered',
    dialect: 'account',
    address_prefix: '203.0.113.0/24',
    user_agent: `agent ${'x'.repeat(250)}`,
  });
});
