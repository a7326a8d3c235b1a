// Proving a second factor, or a passkey alone: to log in, and to authenticate again within a session.
import { and, eq, exists, isNotNull, lt, type SQL, sql } from 'drizzle-orm';
import type { EmailAddress } from '../accounts/email.ts';
import {
  err,
  type FactorRefused,
  type Gone,
  ok,
  type Reauthenticate,
  type Result,
  type Throttled,
  type UnverifiedEmail,
} from '../errors.ts';
import { noteEventOf } from '../events/events.ts';
import type { AskForFactor, FactorKind, LoggedIn } from '../login/login.ts';
import type { OpenSession, Statement } from '../login/open-session.ts';
import type { Mail } from '../mail/mail.ts';
import {
  type Client,
  type LoginKind,
  ownerProof,
  type Policy,
  type Principal,
  type SessionFactor,
} from '../model.ts';
import type { Sealing } from '../sealing.ts';
import { sha256Hex } from '../secrets.ts';
import type { SessionStatements, Sessions } from '../sessions/sessions.ts';
import type { Tokens } from '../sessions/tokens.ts';
import { whereUnchanged } from '../store/conditions.ts';
import { factors, recoveryCodes, sessions, spentChallenges, users } from '../store/schema.ts';
import { type Database, isUniqueViolation, type Store } from '../store/store.ts';
import { type Candidate, candidateColumns, type KnownFactor } from '../throttle/candidate.ts';
import { forgiven } from '../throttle/counters.ts';
import type { Devices } from '../throttle/devices.ts';
import type { Throttle } from '../throttle/throttle.ts';
import { CHALLENGE_SECONDS, type Challenge, type Challenges, idOf } from './challenges.ts';
import { readTransports, totpContext } from './manage.ts';
import type { RelyingParty } from './model.ts';
import { hashRecoveryCode } from './recovery-codes.ts';
import { findStep, normalizeCode, packTotp, unpackTotp } from './totp.ts';
import { type AssertionAnswer, decodeBase64Url, encodeBase64Url } from './webauthn/answer.ts';
import { isAlgorithm } from './webauthn/public-key.ts';
import { type Proof, verifyAssertion } from './webauthn/verify.ts';

/** One of these is sent. */
export interface FactorProof {
  passkey?: AssertionAnswer | undefined;
  code?: string | undefined;
  recoveryCode?: string | undefined;
}

/** `PublicKeyCredentialRequestOptionsJSON`, for `PublicKeyCredential.parseRequestOptionsFromJSON()`. */
export interface RequestOptions {
  challenge: string;
  rpId: string;
  timeout: number;
  userVerification: 'required' | 'preferred';
  /** Empty if the user may choose any passkey. */
  allowCredentials: { type: 'public-key'; id: string; transports: string[] }[];
}

export interface Asked {
  token: string;
  publicKey: RequestOptions;
}

type Refused = FactorRefused | Throttled;

/** A completed login, and the kind of session that it was started for. */
export type Finished = LoggedIn & { open: LoginKind };

/** What comes with an answer. */
interface Answered {
  token: string;
  /** What the browser keeps since the challenge was issued; null for a client that keeps the token itself. */
  holder: string | null;
  client: Client;
  replaces: string | null;
}

export interface SecondFactor {
  /** The response to a login with a correct first factor. No I/O. */
  askForFactor: AskForFactor;
  /** What a browser needs to ask for a passkey as second factor. */
  askForPasskey(
    token: string,
    holder: string | null,
    rp: RelyingParty,
  ): Promise<Result<Asked, FactorRefused>>;
  /**
   * Opens the session of a login whose second factor is correct. Two round trips to D1. Wrong ones count like wrong
   * passwords.
   */
  finishLogin(
    answered: Answered & { proof: FactorProof; trustsBrowser: boolean },
    rp: RelyingParty,
  ): Promise<Result<Finished, Refused>>;
  /** What a browser needs to ask for any passkey of the service. No I/O. */
  askToSignIn(open: LoginKind, holder: string | null, rp: RelyingParty): Promise<Asked>;
  /** Opens a session for a passkey alone, which must have checked a PIN or a biometric. Two round trips to D1. */
  signInWithPasskey(
    answered: Answered & { passkey: AssertionAnswer },
    rp: RelyingParty,
  ): Promise<Result<Finished, FactorRefused | UnverifiedEmail>>;
  /** What a browser needs to ask the owner for a passkey again. */
  askToConfirm(principal: Principal, rp: RelyingParty): Promise<Asked>;
  /** Authenticates the owner again. The session gets a new token and is recent. */
  confirm(
    principal: Principal,
    proof: Pick<FactorProof, 'code'> & { passkey?: { token: string; answer: AssertionAnswer } },
    client: Client,
    rp: RelyingParty,
  ): Promise<Result<{ token: string; device: string }, Refused | Gone | Reauthenticate>>;
}

export interface SecondFactorOptions {
  store: Store;
  sessions: Sessions;
  /** From the main module: their dependencies are larger than this module. */
  statements: SessionStatements;
  mail: Pick<Mail, 'notify'>;
  tokens: Tokens;
  devices: Devices;
  throttle: Throttle;
  openSession: OpenSession;
  challenges: Challenges;
  sealing: Sealing;
  policy: Policy;
  requestVerification: EmailAddress['requestVerification'];
  nowMs: () => number;
}

/** A correct proof, and what it uses up. */
interface Proved {
  factor: SessionFactor;
  /** The factor by which a browser can be trusted from now on; null for a recovery code. */
  factorId: number | null;
  /** Whether the proof is still good when the session opens. */
  onlyIf: (db: Database) => SQL | undefined;
  also: (db: Database, where: SQL | undefined) => Statement[];
}

/** What must not have changed by the time of the second factor: the password. */
const stateOf = ({ passwordHash }: Candidate): Promise<string> => sha256Hex(passwordHash);

export const createSecondFactor = (options: SecondFactorOptions): SecondFactor => {
  const { store, statements, mail, devices, throttle, openSession, challenges, sealing, policy, nowMs } =
    options;

  const requestOptions = (
    { bytes }: Challenge,
    rp: RelyingParty,
    userVerification: RequestOptions['userVerification'],
    known: readonly KnownFactor[],
  ): RequestOptions => ({
    challenge: encodeBase64Url(bytes),
    rpId: rp.id,
    timeout: CHALLENGE_SECONDS * 1000,
    userVerification,
    allowCredentials: known.flatMap(({ credentialId: id, transports }) =>
      id === null ? [] : [{ type: 'public-key', id, transports: readTransports(transports) }],
    ),
  });

  const findCandidate = async (account: SQL): Promise<Candidate | null> => {
    const { value } = await store.primary((db) =>
      db.select(candidateColumns(null)).from(users).where(account).get(),
    );
    return value ?? null;
  };

  const whereFactor = (db: Database, factor: SQL | undefined): SQL =>
    exists(db.select({ id: factors.id }).from(factors).where(factor));

  /** Checks a code of an authenticator app; null if it is wrong. Its step is used up with the session. */
  const proveCode = async (candidate: Candidate, code: string): Promise<Proved | null> => {
    const factor = candidate.factors.find(({ kind }) => kind === 'totp');
    if (!factor?.secret) return null;
    const context = totpContext(candidate.id);
    const unsealed = await sealing.unseal(factor.secret, context);
    const totp = unsealed && unpackTotp(unsealed.bytes);
    if (!totp) return null;
    const now = nowMs();
    const step = await findStep(totp, normalizeCode(code), now, {
      window: policy.totpWindow,
      lastStep: factor.lastStep,
    });
    if (step === null) return null;
    // A secret that is still encrypted with the previous TOKEN_SECRET is encrypted again with the current one.
    const secret = unsealed.isCurrent ? factor.secret : await sealing.seal(packTotp(totp), context);
    const isIt = and(
      eq(factors.id, factor.id),
      eq(factors.secret, factor.secret),
      lt(factors.lastStep, step),
    );
    return {
      factor: 'totp',
      factorId: factor.id,
      // Of two parallel logins with one code, one finds its step used.
      onlyIf: (db) => whereFactor(db, isIt),
      also: (db) => [db.update(factors).set({ lastStep: step, lastUsedAtMs: now, secret }).where(isIt)],
    };
  };

  const proveRecoveryCode = async (
    candidate: Candidate,
    typed: string,
    client: Client,
  ): Promise<Proved | null> => {
    const hash = await hashRecoveryCode(typed);
    if (hash === null) return null;
    const isIt = and(eq(recoveryCodes.userId, candidate.id), eq(recoveryCodes.hash, hash));
    const onlyIf = (db: Database) =>
      exists(db.select({ hash: recoveryCodes.hash }).from(recoveryCodes).where(isIt));
    return {
      factor: 'recovery_code',
      factorId: null,
      onlyIf,
      also: (db, where) => [
        noteEventOf(db, 'recovery_code_used', where, client, nowMs()),
        mail.notify(db, 'recovery_code_used', where, client),
        db.delete(recoveryCodes).where(isIt),
      ],
    };
  };

  /**
   * Checks a passkey's answer; null if it does not prove a passkey of the account. The challenge is used up with the
   * session.
   */
  const provePasskey = async (
    candidate: Candidate,
    answer: AssertionAnswer,
    challenge: Challenge,
    rp: RelyingParty,
    userVerification: 'required' | 'preferred',
    client: Client,
  ): Promise<Proved | null> => {
    const factor = candidate.factors.find(({ credentialId }) => credentialId === answer.id);
    const spki = decodeBase64Url(factor?.publicKey ?? '');
    const algorithm = factor?.algorithm ?? 0;
    if (!factor?.credentialId || !spki || !isAlgorithm(algorithm)) return null;
    const { credentialId, isBackupEligible } = factor;
    const verdict = await verifyAssertion(
      answer,
      { challenge: challenge.bytes, origins: rp.origins, rpId: rp.id, userVerification },
      { credentialId, spki, algorithm, isBackupEligible, userHandle: candidate.passkeyHandle ?? '' },
    );
    if (!verdict.ok) return null;
    const spentId = await idOf(challenge);
    const isIt = eq(factors.id, factor.id);
    return {
      factor: 'passkey',
      factorId: factor.id,
      onlyIf: (db) => whereFactor(db, isIt),
      also: (db, where) => [
        // A second answer breaks the batch: see `onlyOnce`.
        db.insert(spentChallenges).values({ id: spentId, expiresAtMs: challenge.expiresAtMs }),
        ...(isSuspicious(factor, verdict.value)
          ? [noteEventOf(db, 'passkey_counter', where, client, nowMs())]
          : []),
        db
          .update(factors)
          .set({
            counter: sql`max(${factors.counter}, ${verdict.value.counter})`,
            isBackedUp: verdict.value.isBackedUp,
            lastUsedAtMs: nowMs(),
          })
          .where(isIt),
      ],
    };
  };

  const prove = (
    candidate: Candidate,
    { passkey, code, recoveryCode }: FactorProof,
    challenge: Challenge,
    rp: RelyingParty,
    client: Client,
  ): Promise<Proved | null> | null => {
    if (passkey) return provePasskey(candidate, passkey, challenge, rp, 'preferred', client);
    if (code !== undefined) return proveCode(candidate, code);
    return recoveryCode === undefined ? null : proveRecoveryCode(candidate, recoveryCode, client);
  };

  /** Null if the challenge was answered before. */
  const onlyOnce = async <T>(work: () => Promise<T>): Promise<T | null> => {
    try {
      return await work();
    } catch (error) {
      if (isUniqueViolation(error) && String(error).includes('spent_challenges')) return null;
      throw error;
    }
  };

  const markOf = async (
    client: Client,
    account: { id: number; passwordHash: string },
    trustedBy: number | null,
  ) => devices.write(await devices.read(client.device ?? null), account, trustedBy);

  return {
    async askForFactor(candidate, open, holder, firstFactor) {
      const { token } = await challenges.issue({
        purpose: 'second_factor',
        accountId: candidate.id,
        state: await stateOf(candidate),
        open,
        firstFactor,
        holder,
      });
      const has = (kind: KnownFactor['kind']): boolean =>
        candidate.factors.some((each) => each.kind === kind);
      const kinds: FactorKind[] = [
        ...(has('passkey') ? (['passkey'] as const) : []),
        ...(has('totp') ? (['code'] as const) : []),
        'recoveryCode',
      ];
      return { secondFactor: { token, kinds } };
    },

    async askForPasskey(token, holder, rp) {
      const challenge = await challenges.read(token, 'second_factor', holder);
      const candidate = challenge?.accountId ? await findCandidate(eq(users.id, challenge.accountId)) : null;
      if (!challenge || !candidate) return err({ reason: 'factor', why: 'expired' });
      return ok({ token, publicKey: requestOptions(challenge, rp, 'preferred', candidate.factors) });
    },

    async finishLogin({ token, holder, client, replaces, proof, trustsBrowser }, rp) {
      const challenge = await challenges.read(token, 'second_factor', holder);
      if (!challenge?.accountId || !challenge.open) return err({ reason: 'factor', why: 'expired' });
      // The same counter as for the password: someone who has the password gets as few tries for a code.
      const counted = await throttle.countAttempt({
        account: eq(users.id, challenge.accountId),
        unknown: { key: 'gone', tag: String(challenge.accountId) },
        device: await devices.read(client.device ?? null),
        network: client.addressPrefix,
      });
      if (!counted.ok) return counted;
      const { candidate, counterKey } = counted.value;
      const { open } = challenge;
      const isStill =
        candidate && candidate.disabledAtMs === null && (await stateOf(candidate)) === challenge.state;
      if (!isStill) {
        throttle.undoAttempt(counterKey);
        return err({ reason: 'factor', why: 'expired' });
      }
      const proved = await prove(candidate, proof, challenge, rp, client);
      if (!proved) {
        throttle.recordFailure(counterKey, client, 'factor_refused');
        return err({ reason: 'factor', why: proof.passkey ? 'passkey' : 'code' });
      }
      const opened = await throttle.undoOnError(counterKey, () =>
        onlyOnce(() =>
          openSession({
            candidate,
            passwordHash: candidate.passwordHash,
            open,
            proof: ownerProof(nowMs(), proved.factor, challenge.firstFactor),
            client,
            replaces: open === 'cookie' ? replaces : null,
            onlyIf: proved.onlyIf,
            loginFailures: forgiven(counterKey),
            also: proved.also,
          }),
        ),
      );
      if (!opened) {
        // It was correct, but used up meanwhile. Counted, because someone who saw the code may be trying it again.
        throttle.recordFailure(counterKey, client, 'factor_refused');
        return err({ reason: 'factor', why: proof.passkey ? 'expired' : 'code' });
      }
      const { account, token: credential } = opened;
      const device = await markOf(client, candidate, trustsBrowser ? proved.factorId : null);
      return ok({ account, token: credential, device, open });
    },

    async askToSignIn(open, holder, rp) {
      const { token, challenge } = await challenges.issue({
        purpose: 'sign_in',
        accountId: null,
        state: '',
        open,
        holder,
      });
      return { token, publicKey: requestOptions(challenge, rp, 'required', []) };
    },

    async signInWithPasskey({ token, holder, client, replaces, passkey }, rp) {
      const challenge = await challenges.read(token, 'sign_in', holder);
      if (!challenge?.open) return err({ reason: 'factor', why: 'expired' });
      const { open } = challenge;
      const candidate = await findCandidate(
        sql`${users.id} = (SELECT user_id FROM ${factors} WHERE ${eq(factors.credentialId, passkey.id)} AND ${isNotNull(factors.confirmedAtMs)})`,
      );
      // The account is the one that the user chose: the answer must name it.
      const isUnverified =
        policy.requiresVerifiedEmail && candidate !== null && candidate.emailVerifiedAtMs === null;
      const isNamed = candidate?.passkeyHandle && passkey.response.userHandle === candidate.passkeyHandle;
      const isUsable = candidate?.disabledAtMs === null;
      const proved =
        candidate && isNamed && isUsable
          ? await provePasskey(candidate, passkey, challenge, rp, 'required', client)
          : null;
      if (!candidate || !proved) {
        if (candidate)
          store.runInBackground('refused passkey not noted', () =>
            store.primary((db) =>
              noteEventOf(db, 'factor_refused', eq(users.id, candidate.id), client, nowMs()),
            ),
          );
        return err({ reason: 'factor', why: 'passkey' });
      }
      if (isUnverified) {
        await options.requestVerification(candidate.id, client);
        return err({ reason: 'unverified_email' });
      }
      const opened = await onlyOnce(() =>
        openSession({
          candidate,
          passwordHash: candidate.passwordHash,
          open,
          proof: ownerProof(nowMs(), 'passkey'),
          client,
          replaces: open === 'cookie' ? replaces : null,
          onlyIf: proved.onlyIf,
          also: proved.also,
        }),
      );
      if (!opened) return err({ reason: 'factor', why: 'expired' });
      const { account, token: credential } = opened;
      return ok({ account, token: credential, device: await markOf(client, candidate, null), open });
    },

    async askToConfirm({ account, session }, rp) {
      const { token, challenge } = await challenges.issue({
        purpose: 'reauthenticate',
        accountId: account.id,
        state: '',
        open: null,
        holder: session.id,
      });
      const candidate = await findCandidate(eq(users.id, account.id));
      return { token, publicKey: requestOptions(challenge, rp, 'required', candidate?.factors ?? []) };
    },

    async confirm(principal, { code, passkey }, client, rp) {
      const { account, session } = principal;
      // Someone with an app password does not own the account: its sessions stay as they are.
      if (session.appPasswordId !== null) return err({ reason: 'reauthenticate' });
      const counted = await throttle.countAttempt({
        account: eq(users.id, account.id),
        unknown: { key: 'gone', tag: String(account.id) },
        device: await devices.read(client.device ?? null),
        network: client.addressPrefix,
      });
      if (!counted.ok) return counted;
      const { candidate, counterKey } = counted.value;
      if (!candidate) return err({ reason: 'gone' });
      const challenge = passkey && (await challenges.read(passkey.token, 'reauthenticate', session.id));
      if (passkey && challenge?.accountId !== account.id) {
        throttle.undoAttempt(counterKey);
        return err({ reason: 'factor', why: 'expired' });
      }
      const proved =
        passkey && challenge
          ? await provePasskey(candidate, passkey.answer, challenge, rp, 'required', client)
          : await proveCode(candidate, code ?? '');
      if (!proved) {
        throttle.recordFailure(counterKey, client, 'factor_refused');
        return err({ reason: 'factor', why: passkey ? 'passkey' : 'code' });
      }
      const issued = await options.tokens.issue(session.kind);
      const renewed = await throttle.undoOnError(counterKey, () =>
        onlyOnce(() =>
          store.primary((db) => {
            const live = (id: string) =>
              and(
                whereUnchanged(candidate),
                sql`EXISTS (SELECT 1 FROM ${sessions} WHERE id = ${id} AND user_id = ${users.id})`,
              );
            const after = and(live(issued.id), proved.onlyIf(db));
            return db.batch([
              statements.renewSession(
                db,
                session.id,
                issued,
                and(live(session.id), proved.onlyIf(db)),
                proved.factor,
              ),
              noteEventOf(db, 'reauthenticated', after, client, nowMs()),
              db
                .update(users)
                .set({ loginFailures: forgiven(counterKey) })
                .where(after),
              ...proved.also(db, after),
            ]);
          }),
        ),
      );
      const stored = renewed?.value[0][0];
      if (!stored) {
        throttle.recordFailure(counterKey, client, 'factor_refused');
        return err({ reason: 'factor', why: passkey ? 'expired' : 'code' });
      }
      options.sessions.forget([session.id]);
      const token = await options.sessions.handOut(issued, stored, account, renewed.bookmark);
      if (token === null) return err({ reason: 'gone' });
      return ok({ token, device: await markOf(client, candidate, null) });
    },
  };
};

/**
 * A counter that does not grow may be a copy's. Synced passkeys do not count and stay at 0.
 * @see https://www.w3.org/TR/webauthn-3/#sctn-sign-counter
 */
const isSuspicious = (known: KnownFactor, { counter }: Proof): boolean =>
  (counter > 0 || known.counter > 0) && counter <= known.counter;
