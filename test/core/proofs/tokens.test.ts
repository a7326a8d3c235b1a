// The tokens and codes of proofs: each works for one purpose, one proof and one secret.
import { expect, it } from 'vitest';
import { createProofTokens } from '../../../src/core/proofs/tokens.ts';
import { createKeyring } from '../../../src/core/secrets.ts';

const tokens = createProofTokens(createKeyring(['a secret of this test that is long enough']));
const others = createProofTokens(createKeyring(['another secret that is long enough, too']));
const ID = '0123456789abcdef'.repeat(2);
const OTHER_ID = 'fedcba9876543210'.repeat(2);

it('reads a token for its own purpose and secret only', async () => {
  const token = await tokens.tokenOf('reset_password', ID);
  expect(await tokens.readToken('reset_password', token)).toBe(ID);
  expect(await tokens.readToken('verify_email', token)).toBeNull();
  expect(await tokens.readToken('change_email', token)).toBeNull();
  expect(await others.readToken('reset_password', token)).toBeNull();
});

it("reads an operator's token for a password reset only", async () => {
  const token = `op_${'A'.repeat(43)}`;
  expect(await tokens.readToken('reset_password', token)).toMatch(/^[0-9a-f]{64}$/);
  expect(await tokens.readToken('verify_email', token)).toBeNull();
});

it('accepts a code with spaces or hyphens, and for its own proof and secret only', async () => {
  const code = await tokens.codeOf(ID);
  expect(code).toMatch(/^\d{8}$/);
  expect(await tokens.isCode(ID, ` ${code.slice(0, 4)}-${code.slice(4)} `)).toBe(true);
  expect(await tokens.isCode(OTHER_ID, code)).toBe(false);
  expect(await others.isCode(ID, code)).toBe(false);
  for (const typed of ['', code.slice(1), `${code}0`, 'abcdefgh'])
    expect(await tokens.isCode(ID, typed)).toBe(false);
});
