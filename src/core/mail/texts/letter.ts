// The texts of mails in one language. A language that lacks one does not compile.
import type { MailKind } from '../kinds.ts';

/** The parts of a mail in the order in which they are shown: the action comes first. */
export interface Letter {
  subject: string;
  /** What a list of mails shows behind the subject. */
  preheader: string;
  title: string;
  intro: string;
  /** The button; null if the mail has no link. */
  action: { label: string; url: string } | null;
  /** The text before the code; null if the mail has none. */
  code: { label: string; code: string } | null;
  /** True if the mail says when, from what device and where. */
  showsFacts: boolean;
  /** The last paragraphs: how long it is valid, and what to do if it was not you. */
  advice: readonly string[];
}

/** The details of a mail in its language. */
export interface LetterFacts {
  service: string;
  /** The link of the mail; empty if it has none. */
  url: string;
  /** The code of the mail; empty if it has none. */
  code: string;
  /** The page for a forgotten password. */
  forgotUrl: string;
  /** The new address, mostly hidden; empty if there is none. */
  hiddenAddress: string;
  /** The app that the mail tells of; empty if there is none. */
  appName: string;
  /** True if an admin did it. */
  byAdmin: boolean;
}

export interface Texts {
  letters: Readonly<Record<MailKind, (facts: LetterFacts) => Letter>>;
  /** The names of the facts. */
  when: string;
  device: string;
  place: string;
  /** "Firefox on Linux". */
  deviceOn: (browser: string, system: string) => string;
  unknownDevice: string;
  unknownPlace: string;
  /** The last line: which service sends this. */
  footer: (service: string) => string;
}

/** A notice has no link and no code. */
export const notice = (words: Pick<Letter, 'subject' | 'title' | 'intro'> & { advice: string }): Letter => ({
  ...words,
  preheader: words.intro,
  action: null,
  code: null,
  showsFacts: true,
  advice: [words.advice],
});
