// What a request says about its client.
import { type Client, readAcceptLanguage } from '../core/index.ts';

/** Groups of an IPv6 /64, and numbers of an IPv4 /24. */
const KEPT_V6_GROUPS = 4;
const KEPT_V4_NUMBERS = 3;

/**
 * What a request says about its client. Read when it is first asked for: most requests need none of it.
 *
 * @param dialect the name of the dialect that is spoken
 * @param readDevice reads the mark of a device that has logged in before
 */
export const readClient = (request: Request, dialect: string, readDevice: () => string | null): Client => ({
  dialect,
  get userAgent() {
    return request.headers.get('User-Agent');
  },
  get country() {
    return readCountry(request);
  },
  // The edge sets this header. A client cannot.
  // https://developers.cloudflare.com/fundamentals/reference/http-headers/#cf-connecting-ip
  get addressPrefix() {
    return addressPrefix(request.headers.get('CF-Connecting-IP') ?? '');
  },
  get locale() {
    return readAcceptLanguage(request.headers.get('Accept-Language'));
  },
  get device() {
    return readDevice();
  },
});

const readCountry = ({ cf }: Request): string | null => {
  const country: unknown = cf?.['country'];
  return typeof country === 'string' && /^[A-Z0-9]{2}$/.test(country) ? country : null;
};

/** The network of an address: /24 of IPv4, /64 of IPv6; null for neither. */
export const addressPrefix = (address: string): string | null => {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(address))
    return `${address.split('.').slice(0, KEPT_V4_NUMBERS).join('.')}.0/24`;
  const groups = expandIpv6(address);
  return groups && `${groups.slice(0, KEPT_V6_GROUPS).join(':')}::/64`;
};

/**
 * The key of one client for the flood guard: an IPv4 address, or an IPv6 /64, the least that one customer gets.
 * @see https://www.rfc-editor.org/rfc/rfc6177#section-2
 */
export const clientKey = (address: string): string =>
  address.includes('.') ? address : (addressPrefix(address) ?? address);

/**
 * The eight groups of an IPv6 address; null if it is not one. @see https://www.rfc-editor.org/rfc/rfc4291#section-2.2
 */
const expandIpv6 = (address: string): string[] | null => {
  if (!/^[0-9a-f:.]{2,45}$/i.test(address) || !address.includes(':')) return null;
  const [head = '', tail, ...more] = address.toLowerCase().split('::');
  if (more.length > 0) return null;
  const left = head === '' ? [] : head.split(':');
  if (tail === undefined) return left.length === 8 ? left : null;
  // A trailing IPv4 address is two groups. They are not part of the network, so any two will do.
  const right = tail === '' ? [] : tail.replace(/\d+(\.\d+){3}$/, '0:0').split(':');
  const missing = 8 - left.length - right.length;
  return missing >= 1 ? [...left, ...Array<string>(missing).fill('0'), ...right] : null;
};
