// Reads `MAIL_FROM`.

/** Who mails are from. The name is empty if there is only an address. */
export interface Sender {
  name: string;
  address: string;
}

const ADDRESS = /^[^\s@<>",]+@[^\s@<>",]+$/;
/** A name with a quote or a control character could end the header and begin another one. */
const NAMED = /^([^<>"\p{Cc}]*[^<>"\p{Cc}\s])\s*<([^<>]+)>$/u;

/** Reads `Name <address>` or a bare address; null if it is neither. */
export const readSender = (text: string): Sender | null => {
  if (ADDRESS.test(text)) return { name: '', address: text };
  const [, name, address] = NAMED.exec(text) ?? [];
  return name !== undefined && address !== undefined && ADDRESS.test(address)
    ? { name: name.trim(), address }
    : null;
};
