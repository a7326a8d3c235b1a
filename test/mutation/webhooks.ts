// Mutants of what webhooks and apps are sent: signatures, secrets, attempts, order, and the addresses that are called.
import { inFile } from './mutant.ts';

export const webhookMutants = [
  ...inFile(
    'src/core/webhooks/message.ts',
    ['core/webhooks/deliveries'],
    [
      [
        'The signature of a message does not cover its body.',
        'utf8.encode(`${id}.${timestamp}.${body}`)',
        'utf8.encode(`${id}.${timestamp}.`)',
      ],
      [
        'The signature of a message does not cover its time.',
        'utf8.encode(`${id}.${timestamp}.${body}`)',
        'utf8.encode(`${id}.${body}`)',
      ],
      [
        'A message has the time of its event, so that receivers reject a late attempt.',
        'const timestamp = String(Math.floor(nowMs / 1000));',
        'const timestamp = String(Math.floor(Math.min(nowMs, row.createdAtMs) / 1000));',
      ],
      [
        'A receiver cannot recognize the second attempt of a message.',
        '({ id, createdAtMs }: DeliveryRow): string => `msg_${createdAtMs}_${id}`',
        '({ id, createdAtMs, attempts }: DeliveryRow): string => `msg_${createdAtMs + attempts}_${id}`',
      ],
      [
        'A message about a session contains personal data.',
        "const hasAccount = type !== 'account.deleted' && type !== 'session.ended';",
        "const hasAccount = type !== 'account.deleted';",
        ['core/webhooks/deliveries'],
      ],
    ],
  ),
  ...inFile(
    'src/core/webhooks/http.ts',
    ['core/webhooks/deliveries'],
    [
      [
        'The service calls any address that is in the row of a webhook.',
        'const url = readOutboundUrl(address, { allowsLoopback });',
        'const url = allowsLoopback || readOutboundUrl ? new URL(address) : null;',
        ['oidc/back-channel'],
      ],
      [
        'A deployed service calls a webhook on its own machine.',
        'const url = readOutboundUrl(address, { allowsLoopback });',
        'const url = readOutboundUrl(address, { allowsLoopback: allowsLoopback || true });',
        ['oidc/back-channel'],
      ],
      ['A receiver redirects messages elsewhere.', "redirect: 'manual',", "redirect: 'follow',"],
      ['A receiver that does not answer is waited for.', 'signal: AbortSignal.timeout(TIMEOUT_MS),', ''],
      [
        'The answer of a receiver is read to its end.',
        'await response.body?.cancel().catch(() => undefined);',
        'await response.text();',
      ],
      [
        'A message that was redirected or refused counts as delivered.',
        'if (response.ok) return',
        'if (status < 500) return',
      ],
      [
        'A receiver that wants no more messages gets them for three days.',
        "return status === GONE ? undeliverable('HTTP 410') : delivery;",
        "return status === GONE ? failed('HTTP 410') : delivery;",
      ],
    ],
  ),
  ...inFile(
    'src/core/webhooks/webhooks.ts',
    ['core/webhooks/events', 'core/webhooks/deliveries'],
    [
      [
        'A webhook that was turned off gets messages.',
        "    if (webhook.disabledAtMs !== null) return failed('webhook is off');\n",
        '',
      ],
      [
        'A message whose secret cannot be read is signed with a key that everybody knows.',
        "    if (!secret) return failed('secret cannot be read');\n    const body = writeBody(row, known.accounts.get(row.userId) ?? null);\n    return postMessage(options, webhook.url, await signMessage(row, body, secret.bytes, nowMs()));",
        '    const body = writeBody(row, known.accounts.get(row.userId) ?? null);\n    return postMessage(options, webhook.url, await signMessage(row, body, secret?.bytes ?? new Uint8Array(32), nowMs()));',
      ],
      [
        'The secret of one webhook signs in the row of another.',
        'const contextOf = (webhookId: string): string => `webhook:${webhookId}`;',
        'const contextOf = (webhookId: string): string => `webhook:${webhookId.slice(0, 0)}`;',
      ],
      [
        'Secrets of webhooks stay in clear.',
        '.filter(({ secret }) => !secret.startsWith(prefix))',
        ".filter(({ secret }) => !secret.startsWith(prefix) && !secret.startsWith('plain.'))",
      ],
      [
        'Secrets of webhooks stay encrypted under the previous TOKEN_SECRET.',
        '.filter(({ secret }) => !secret.startsWith(prefix))',
        ".filter(({ secret }) => !secret.startsWith(prefix) && secret.startsWith('plain.'))",
      ],
      [
        'A receiver pauses its webhook for as long as it likes.',
        'const pause = Math.min(retryAfterSeconds * 1000, MAX_PAUSE_MS);',
        'const pause = Math.max(retryAfterSeconds * 1000, MAX_PAUSE_MS);',
      ],
      [
        'Triggers of an earlier version stay in the database.',
        'found.size === TRIGGERS.size && [...TRIGGERS].every(([name, text]) => found.get(name) === text);',
        'found.size === TRIGGERS.size && [...TRIGGERS].every(([name]) => found.has(name));',
      ],
    ],
  ),
  ...inFile(
    'src/core/webhooks/rows.ts',
    ['core/webhooks/deliveries', 'core/webhooks/events'],
    [
      [
        'Two runs at once send one message.',
        '.set({ nextAtMs: nowMs + LEASE_MS, attempts: sql`${deliveries.attempts} + 1` })',
        '.set({ nextAtMs: nowMs, attempts: sql`${deliveries.attempts} + 1` })',
      ],
      [
        'A webhook gets the deletion of an account before its creation.',
        'earlier.user_id = due.user_id AND earlier.id < due.id)`;',
        'earlier.user_id = due.user_id AND earlier.id < 0)`;',
      ],
      [
        'A receiver that asked for a pause gets no pause.',
        'webhooks.paused_until > ${nowMs})',
        'webhooks.paused_until > ${nowMs} + 1e15)',
      ],
      [
        'A message is tried for ever.',
        'AND expires_at <= ${nowMs} AND next_at',
        'AND expires_at <= 0 AND next_at',
      ],
      [
        'A message is given up without an attempt.',
        'WHERE done_at IS NULL AND attempts > 0',
        'WHERE done_at IS NULL AND attempts >= 0',
      ],
      [
        'A run that lost its lease records an outcome.',
        'and(eq(deliveries.id, id), eq(deliveries.attempts, attempts), isNull(deliveries.doneAtMs));',
        'and(eq(deliveries.id, id), sql`${deliveries.attempts} >= ${attempts - attempts}`, isNull(deliveries.doneAtMs));',
      ],
      [
        'A message that waited for one that failed goes an hour after it.',
        '.set({ nextAtMs: 0 })',
        '.set({ nextAtMs: nowMs + PARKED_MS })',
      ],
      ['A run sends a message that it is about to give up.', 'AND NOT ${isLate} ORDER BY', 'ORDER BY'],
      [
        'A receiver that wants no more messages ends those of all webhooks.',
        '.where(and(eq(webhooks.id, id), isNull(webhooks.disabledAtMs)))',
        '.where(isNull(webhooks.disabledAtMs))',
      ],
    ],
  ),
  ...inFile(
    'src/core/webhooks/triggers.ts',
    ['core/webhooks/events'],
    [
      [
        'A webhook gets events that it is not registered for.',
        'AND (webhooks.event_types IS NULL OR instr(webhooks.event_types, \'"${type}"\') > 0);`;',
        "AND (webhooks.event_types IS NULL OR '${type}' <> '');`;",
      ],
      [
        'A webhook is later sent what happened while it was off.',
        'WHERE webhooks.disabled_at IS NULL\n',
        'WHERE 1\n',
        ['core/webhooks/deliveries'],
      ],
      [
        'No service learns that an account was disabled.',
        'WHEN OLD.disabled_at IS NULL AND NEW.disabled_at IS NOT NULL',
        'WHEN OLD.disabled_at IS NULL AND NEW.disabled_at IS NOT NULL AND 0',
      ],
      [
        'No service learns that a password was reset.',
        "['password_changed', 'password_reset']",
        "['password_changed']",
      ],
      [
        'The sessions of a deleted account end without a message.',
        "'DELETE FROM sessions WHERE user_id = OLD.id;'",
        "'DELETE FROM sessions WHERE user_id = -1;'",
      ],
      [
        'Every app learns that somebody signed out of one of them.',
        'WHERE apps.id = OLD.app_id AND apps.logout_uri IS NOT NULL;`',
        'WHERE apps.logout_uri IS NOT NULL;`',
        ['oidc/back-channel'],
      ],
      [
        'An app is notified of a sign-in that it never had.',
        'AFTER DELETE ON app_grants WHEN OLD.redeemed_at IS NOT NULL',
        'AFTER DELETE ON app_grants WHEN OLD.id IS NOT NULL',
        ['oidc/back-channel'],
      ],
    ],
  ),
  ...inFile(
    'src/core/webhooks/fresh.ts',
    ['core/webhooks/deliveries', 'core/webhooks/events'],
    [
      [
        'A request sends a message before an earlier one about the same account.',
        'earlier.user_id = latest.user_id AND earlier.id < latest.id)',
        'earlier.user_id = latest.user_id AND earlier.id < 0)',
      ],
      [
        'Requests send messages to a receiver that asked for a pause.',
        'webhooks.paused_until > ?2)',
        'webhooks.paused_until > ?2 + 1e15)',
      ],
    ],
  ),
  ...inFile(
    'src/core/outbox/lease.ts',
    ['core/webhooks/deliveries'],
    [
      [
        'A receiver that fails gets a message again and again without a pause.',
        'Math.max(FIRST_PAUSE_MS * PAUSE_FACTOR ** (attempts - 1), (retryAfterSeconds ?? 0) * 1000),',
        'Math.max(attempts - attempts, (retryAfterSeconds ?? 0) * 1000),',
      ],
      [
        'The pauses between attempts grow without a limit.',
        '  Math.min(\n    MAX_PAUSE_MS,\n',
        '  Math.min(\n    MAX_PAUSE_MS * 1000,\n',
      ],
    ],
  ),
  ...inFile(
    'src/core/webhooks/logout-token.ts',
    ['oidc/back-channel'],
    [
      [
        'A logout token passes for an ID token.',
        "const LOGOUT_TOKEN_TYPE = 'logout+jwt';",
        "const LOGOUT_TOKEN_TYPE = 'JWT';",
      ],
      [
        'A logout token for one app is valid for another.',
        '    aud: appId,\n',
        '    aud: settings.issuer,\n',
      ],
      [
        'A logout token stays valid for a day.',
        'const LIFE_SECONDS = 120;',
        'const LIFE_SECONDS = 24 * 60 * 60;',
      ],
      [
        'Any token of the service about a user passes for a logout token.',
        '    events: { [LOGOUT_EVENT]: {} },\n',
        '    events: { [LOGOUT_EVENT.slice(1)]: {} },\n',
      ],
      [
        'An app refuses the second attempt of a logout token as a replay.',
        'jti: randomToken(random),',
        'jti: sid,',
      ],
      [
        'One sign-out ends all sessions of the user at an app.',
        '    sid,\n    events',
        '    ...(sid === null && { sid }),\n    events',
      ],
    ],
  ),
  ...inFile(
    'scripts/admin/webhooks.ts',
    ['node/admin-webhooks'],
    [
      [
        'An operator registers an address of a private network.',
        'if (url) return url.href;',
        'if (url || isRemote) return url?.href ?? text;',
      ],
      [
        'A replay sends the messages of every webhook.',
        'const which = `recipient_id = ${quote(id)} AND done_at IS NOT NULL AND',
        'const which = `done_at IS NOT NULL AND',
      ],
      ['The secret of a webhook can be guessed.', 'const SECRET_BYTES = 32;', 'const SECRET_BYTES = 2;'],
    ],
  ),
];
