// Devices that an account has logged in from: a signed text that a browser or app keeps, so that a stranger's
// wrong passwords, counted for the account, do not lock its owner out.
import type { Keyring, Random } from './secrets.ts';

/** A browser or app that has logged in before. */
export interface Device {
  id: string;
  /** The accounts that have logged in on it, the last one first. */
  accountIds: readonly number[];
}

export interface Devices {
  /** Reads the text; null where it was not signed here, is too old or is no such text. No I/O. */
  read(text: string | null): Promise<Device | null>;
  /** The text for a device on which this account has just logged in. */
  write(device: Device | null, accountId: number): Promise<string>;
}

/** 128 bits: no two devices share a counter. */
const DEVICE_ID_BYTES = 16;
/** A family's computer; whoever comes after that is counted with the account for once. */
const MAX_ACCOUNTS = 8;
/** As long as a browser keeps a cookie at all. https://developer.chrome.com/blog/cookie-max-age-expires */
export const DEVICE_SECONDS = 400 * 24 * 60 * 60;

const FORM = /^([0-9a-f]{32})\.([1-9]\d{0,11})\.(\d{1,16}(?:-\d{1,16}){0,7})\.([0-9a-f]{64})$/;

export interface DevicesOptions {
  keyring: Keyring;
  random: Random;
  nowMs: () => number;
}

export const createDevices = ({ keyring, random, nowMs }: DevicesOptions): Devices => ({
  async read(text) {
    const [, id, seconds, ids, signature] = FORM.exec(text ?? '') ?? [];
    if (id === undefined || ids === undefined || signature === undefined) return null;
    if (Number(seconds) + DEVICE_SECONDS < nowMs() / 1000) return null;
    const signed = `${id}.${seconds}.${ids}`;
    if (!(await keyring.verify('device', signed, Uint8Array.fromHex(signature)))) return null;
    return { id, accountIds: ids.split('-').map(Number) };
  },

  async write(device, accountId) {
    const others = device?.accountIds.filter((id) => id !== accountId) ?? [];
    const ids = [accountId, ...others].slice(0, MAX_ACCOUNTS).join('-');
    const id = device?.id ?? random(DEVICE_ID_BYTES).toHex();
    const signed = `${id}.${Math.floor(nowMs() / 1000)}.${ids}`;
    return `${signed}.${(await keyring.sign('device', signed)).toHex()}`;
  },
});
