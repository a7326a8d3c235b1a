// Which mail carries the link or the code of which proof, and the page that a link opens.
import type { LinkWriter } from '../mail/delivery.ts';
import type { MailKind, ProofMailKind } from '../mail/kinds.ts';
import type { ProofTokens, Purpose } from './tokens.ts';

interface Carried {
  purpose: Purpose;
  /** The page below PUBLIC_URL; null if the mail has no link. */
  page: string | null;
  hasCode: boolean;
}

export const CARRIED: Readonly<Record<ProofMailKind, Carried>> = {
  verify_email: { purpose: 'verify_email', page: '/verify-email', hasCode: true },
  reset_password: { purpose: 'reset_password', page: '/reset-password', hasCode: false },
  change_email: { purpose: 'change_email', page: '/change-email', hasCode: true },
  email_changed: { purpose: 'undo_email_change', page: '/undo-email-change', hasCode: false },
  sign_in: { purpose: 'sign_in', page: null, hasCode: true },
};

const carriedBy = (kind: MailKind): Carried | null => {
  const all: Readonly<Partial<Record<MailKind, Carried>>> = CARRIED;
  return all[kind] ?? null;
};

export const createLinkWriter = (tokens: ProofTokens, publicUrl: string): LinkWriter => ({
  async link(kind, proofId, callback) {
    const carried = carriedBy(kind);
    if (carried?.page == null) return null;
    const token = await tokens.tokenOf(carried.purpose, proofId);
    const url = new URL(callback ?? publicUrl + carried.page);
    url.searchParams.set(callback === null ? 'token' : 'sign', token);
    return url.href;
  },
  async code(kind, proofId) {
    return carriedBy(kind)?.hasCode ? tokens.codeOf(proofId) : null;
  },
});
