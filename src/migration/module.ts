// What is loaded when a login first needs the old service, as one module of the Worker: see load.ts and scripts/build.ts.
import type { OldAccount, OldLogin } from '../core/index.ts';
import { createExchange, type Fetch, OldServiceFailed } from './exchange.ts';
import { formOf } from './forms.ts';
import { createGate, type Gate } from './gate.ts';
import type { MigrationSettings } from './model.ts';

export interface AskOptions {
  settings: MigrationSettings;
  fetch: Fetch;
  nowMs: () => number;
  warn: (message: string, cause: unknown) => void;
}

/** One for each isolate, as the settings are. */
const gates = new WeakMap<MigrationSettings, Gate>();

const gateOf = (settings: MigrationSettings): Gate => {
  const known = gates.get(settings);
  if (known) return known;
  const { perMinute, timeoutMs } = settings;
  const made = createGate({ perMinute, leaseMs: 2 * timeoutMs });
  gates.set(settings, made);
  return made;
};

/** What a log may hold of a failure: a network's own message may quote an address, but never the body. */
const causeOf = (error: unknown): string => {
  if (error instanceof OldServiceFailed) return error.message;
  return error instanceof Error ? error.name : 'unknown';
};

/**
 * Asks the old service about one login, within the time of the settings. Null for a refusal, for no answer, and while
 * it is not asked. The password goes into the request only.
 */
export const askOldService = async (
  login: OldLogin,
  { settings, fetch, nowMs, warn }: AskOptions,
): Promise<OldAccount | null> => {
  const leave = gateOf(settings).enter(nowMs());
  if (!leave) return null;
  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new OldServiceFailed(`It did not answer within ${settings.timeoutMs} ms.`)),
      settings.timeoutMs,
    );
  });
  try {
    const answer = formOf(settings, nowMs)(createExchange(fetch, controller.signal), login);
    const account = await Promise.race([answer, late]);
    leave('answered', nowMs());
    return account;
  } catch (error) {
    leave('failed', nowMs());
    warn('the old service failed', causeOf(error));
    return null;
  } finally {
    clearTimeout(timer);
    // Cancels a request that is still running, and the rest of a body.
    controller.abort();
  }
};
