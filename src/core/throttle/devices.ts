// Devices that have logged in before. Each keeps a signed text, so that wrong passwords of strangers, which are counted
// for the account, do not lock the owner out.
import { type SQL, sql } from 'drizzle-orm';
import type { Keyring, Random } from '../secrets.ts';
import { users } from '../store/schema.ts';
import { DEVICE_SECONDS } from './device-seconds.ts';

/** A browser or app that has logged in before. */
export interface Device {
  id: string;
  /** One mark for each account that has logged in on it, with its password at that time; the last one first. */
  marks: readonly string[];
  /** The accounts that trust it: on it, their password is enough for 30 days. */
  trusts: readonly Trust[];
}

/** An account's trust in a browser, which replaces one of its factors. */
export interface Trust {
  mark: string;
  factorId: number;
  untilMs: number;
}

/** The account that logs in, and its password hash. */
interface Owner {
  id: number;
  passwordHash: string;
}

export interface Devices {
  /** Reads the text; null if it is malformed, too old or not signed here. No I/O. */
  read(text: string | null): Promise<Device | null>;
  /** Whether the account has logged in on the device with its current password. */
  knows(device: Device | null, account: Owner): boolean;
  /**
   * Makes the text for a device on which this account has just logged in.
   * @param trustedBy the factor that was proved and is not needed on this device for 30 days; null to leave the trust of
   *   the device as it was
   */
  write(device: Device | null, account: Owner, trustedBy?: number | null): Promise<string>;
  /**
   * Whether the account trusts the device: one of these factors was proved there at most 30 days ago, and the password
   * is still the same.
   */
  isTrusted(device: Device | null, account: Owner, factorIds: readonly number[]): boolean;
}

/** 30 days, the longest that AAL1 allows for a session. @see https://pages.nist.gov/800-63-4/sp800-63b.html#sec5 */
const TRUST_SECONDS = 30 * 24 * 60 * 60;

/** 128 bits: no two devices share a counter. */
const DEVICE_ID_BYTES = 16;
/** Enough for a family's computer. The mark of a further account replaces the oldest. */
const MAX_ACCOUNTS = 8;

/**
 * A piece of the salt, counted from the end of a hash of ours: 48 random bits that change with the password. Each device
 * id has its own counter, so a thief of the password could collect many devices. A new password voids all their marks.
 */
const SALT_PIECE = { fromEnd: 109, length: 8 } as const;

const utf8 = new TextEncoder();

/** The mark of an account. For a hash that is too short to be ours, it is a mark that matches no account. */
const markOf = ({ id, passwordHash }: Owner): string => {
  const { fromEnd, length } = SALT_PIECE;
  const isOurs = passwordHash.length >= fromEnd;
  const piece = isOurs ? passwordHash.slice(-fromEnd).slice(0, length) : '\0'.repeat(length);
  return `${id}_${utf8.encode(piece).toHex()}`;
};

/** The mark of a row of `users`, as SQL. */
const markOfRow: SQL<string> = sql<string>`${users.id} || '_' || lower(hex(substr(${users.passwordHash}, ${sql.raw(String(-SALT_PIECE.fromEnd))}, ${sql.raw(String(SALT_PIECE.length))})))`;

/** The condition that the account of a row of `users` has logged in on the device with its current password. */
export const isMarked = ({ marks }: Device): SQL =>
  sql`${markOfRow} IN (SELECT value FROM json_each(${JSON.stringify(marks)}))`;

/** The key of the counter, for a row of `users`: a device on which the account has logged in, or '' for all others. */
export const requesterOnRow = (device: Device | null): SQL<string> =>
  device ? sql<string>`CASE WHEN ${isMarked(device)} THEN ${device.id} ELSE '' END` : sql<string>`''`;

/** A mark; if its account trusts the device, also the factor and the second until which it does. */
const MARK = String.raw`[1-9]\d{0,15}_[0-9a-f]{16}(?:_[1-9]\d{0,15}_[1-9]\d{0,11})?`;
const FORM = new RegExp(
  String.raw`^([0-9a-f]{32})\.([1-9]\d{0,11})\.(${MARK}(?:-${MARK}){0,${MAX_ACCOUNTS - 1}})\.([0-9a-f]{64})$`,
);

export interface DevicesOptions {
  keyring: Keyring;
  random: Random;
  nowMs: () => number;
}

export const createDevices = ({ keyring, random, nowMs }: DevicesOptions): Devices => ({
  async read(text) {
    const [, id, seconds, marks, signature] = FORM.exec(text ?? '') ?? [];
    if (id === undefined || marks === undefined || signature === undefined) return null;
    if (Number(seconds) + DEVICE_SECONDS < nowMs() / 1000) return null;
    const signed = `${id}.${seconds}.${marks}`;
    if (!(await keyring.verify('device', signed, Uint8Array.fromHex(signature)))) return null;
    const read = marks.split('-').map(parseMark);
    return {
      id,
      marks: read.map(({ mark }) => mark),
      trusts: read.filter(isTrust),
    };
  },

  knows: (device, { id, passwordHash }) =>
    // A hash that is not ours has no mark.
    passwordHash.length >= SALT_PIECE.fromEnd &&
    (device?.marks.includes(markOf({ id, passwordHash })) ?? false),

  isTrusted(device, account, factorIds) {
    const { id, passwordHash } = account;
    // A hash that is not ours has no usable mark.
    if (passwordHash.length < SALT_PIECE.fromEnd) return false;
    const own = markOf({ id, passwordHash });
    return (device?.trusts ?? []).some(
      ({ mark, factorId, untilMs }) => mark === own && untilMs > nowMs() && factorIds.includes(factorId),
    );
  },

  async write(device, account, trustedBy = null) {
    const own = markOf(account);
    const now = Math.floor(nowMs() / 1000);
    const trusted =
      trustedBy === null ? null : { mark: own, factorId: trustedBy, untilMs: (now + TRUST_SECONDS) * 1000 };
    const trusts = [...(trusted ? [trusted] : []), ...(device?.trusts ?? [])];
    const others = device?.marks.filter((mark) => !mark.startsWith(`${account.id}_`)) ?? [];
    const marks = [own, ...others]
      .slice(0, MAX_ACCOUNTS)
      .map((mark) => {
        const trust = trusts.find((each) => each.mark === mark);
        return trust ? `${mark}_${trust.factorId}_${Math.floor(trust.untilMs / 1000)}` : mark;
      })
      .join('-');
    const id = device?.id ?? random(DEVICE_ID_BYTES).toHex();
    const signed = `${id}.${now}.${marks}`;
    return `${signed}.${(await keyring.sign('device', signed)).toHex()}`;
  },
});

const parseMark = (text: string): Partial<Trust> & { mark: string } => {
  const [accountId, piece, factorId, untilSeconds] = text.split('_');
  const mark = `${accountId}_${piece}`;
  return factorId === undefined || untilSeconds === undefined
    ? { mark }
    : { mark, factorId: Number(factorId), untilMs: Number(untilSeconds) * 1000 };
};

const isTrust = (read: Partial<Trust>): read is Trust => read.factorId !== undefined;
