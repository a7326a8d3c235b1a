// Devices that an account has logged in from: a signed text that a browser or app keeps, so that a stranger's
// wrong passwords, counted for the account, do not lock its owner out.
import { type SQL, sql } from 'drizzle-orm';
import type { Keyring, Random } from '../secrets.ts';
import { users } from '../store/schema.ts';
import { DEVICE_SECONDS } from './device-seconds.ts';

/** A browser or app that has logged in before. */
export interface Device {
  id: string;
  /** What stands for the accounts that have logged in on it, and their passwords of then; the last one first. */
  marks: readonly string[];
  /** The accounts that trust it: on it, their password is enough for a while. */
  trusts: readonly Trust[];
}

/** That a browser is trusted by an account, in the place of one of its factors. */
export interface Trust {
  mark: string;
  factorId: number;
  untilMs: number;
}

/** Who has logged in: an account and the hash of its password. */
interface Owner {
  id: number;
  passwordHash: string;
}

export interface Devices {
  /** Reads the text; null where it was not signed here, is too old or is no such text. No I/O. */
  read(text: string | null): Promise<Device | null>;
  /**
   * The text for a device on which this account has just logged in with the password of this hash.
   * @param trustedBy the factor that was proved and is not asked for on this device for 30 days; null to leave the
   *   device as trusted as it was
   */
  write(device: Device | null, account: Owner, trustedBy?: number | null): Promise<string>;
  /**
   * Whether the account trusts the device: it was proved there with one of these factors, at most 30 days ago, and the
   * account has that factor and that password still.
   */
  isTrusted(device: Device | null, account: Owner, factorIds: readonly number[]): boolean;
}

/** @see https://pages.nist.gov/800-63-4/sp800-63b.html#sec5 30 days, the longest that AAL1 lets a session go on */
const TRUST_SECONDS = 30 * 24 * 60 * 60;

/** 128 bits: no two devices share a counter. */
const DEVICE_ID_BYTES = 16;
/** A family's computer; whoever comes after that is counted with the account for once. */
const MAX_ACCOUNTS = 8;

/**
 * A piece of the salt, whose place is counted from the end of a hash of ours: 48 random bits that change with the
 * password. Whoever knew an old password, and logged in with it a thousand times for as many marks, has none of
 * them left when its owner has set a new one: every mark would bring a counter of its own.
 */
const SALT_PIECE = { fromEnd: 109, length: 8 } as const;

const utf8 = new TextEncoder();

/** The mark of an account, as a login makes it. A hash that is too short to be ours gives one that marks nothing. */
const markOf = ({ id, passwordHash }: Owner): string => {
  const { fromEnd, length } = SALT_PIECE;
  const isOurs = passwordHash.length >= fromEnd;
  const piece = isOurs ? passwordHash.slice(-fromEnd).slice(0, length) : '\0'.repeat(length);
  return `${id}_${utf8.encode(piece).toHex()}`;
};

/** The same of a row of `users`, as SQL. */
export const markOfRow: SQL<string> = sql<string>`${users.id} || '_' || lower(hex(substr(${users.passwordHash}, ${sql.raw(String(-SALT_PIECE.fromEnd))}, ${sql.raw(String(SALT_PIECE.length))})))`;

/** A mark; and where its account trusts the device, by which factor and until which second. */
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

  isTrusted(device, account, factorIds) {
    const { id, passwordHash } = account;
    // The mark of a hash that is not ours stands for no password.
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
