// The mail flows in Chromium, with the mails read from wrangler's local mailbox.
import { describe, expect, it } from 'vitest';
import { isWithoutChromium } from './support-chromium.ts';
import { awaitMail, MAIL_ON, pathIn } from './support-mailbox.ts';
import { emailOf, PASSWORD, type Person, signInHere, signUp, someName } from './support-person.ts';
import { openVisits } from './support-visits.ts';

const SECOND_PASSWORD = 'seven doors and a wall';
const THIRD_PASSWORD = 'nine windows and a roof';

describe.skipIf(isWithoutChromium())('mail and the account pages in Chromium', () => {
  const visits = openVisits(MAIL_ON);
  const { visit } = visits;

  const notice = ({ page }: Person): Promise<string> => page.locator('.notice[role]').first().innerText();

  /** Opens the link of the last mail with that subject. */
  const openMail = async (person: Person, address: string, subject: string): Promise<void> =>
    person.goTo(pathIn(await awaitMail(visits.service.origin, address, subject)));

  it.each([
    ['without scripts', false],
    ['with scripts', true],
  ])(
    'let a user confirm an email, reset the password, change the email and undo that, %s',
    async (_what, javaScriptEnabled) => {
      const me = await visit(javaScriptEnabled);
      const name = someName();
      const [email, next] = [emailOf(name), emailOf(`${name}.next`)];
      await signUp(me, name);
      await me.goTo('/');
      expect(await me.page.locator('aside.notice').innerText()).toContain(`${email} is not confirmed yet.`);

      // Confirm the address.
      await openMail(me, email, 'Confirm your email address');
      expect(await me.heading()).toBe('Confirm your email address');
      await me.press('Confirm address');
      expect(await notice(me)).toBe('Your email address is confirmed.');
      expect(await me.page.locator('aside.notice').count()).toBe(0);

      // Forget the password, on another device.
      const other = await visit(javaScriptEnabled);
      await other.goTo('/sign-in');
      await other.follow('Forgot password?');
      await other.fill({ 'Username or email': name });
      await other.press('Send the link');
      expect(await notice(other)).toContain('If there is an account of that name');
      await openMail(other, email, 'Set a new password');
      await other.fill({ 'New password': SECOND_PASSWORD });
      await other.press('Set the password');
      expect(await notice(other)).toBe('Your new password is set. Sign in with it.');
      await awaitMail(visits.service.origin, email, 'password was reset');
      // The first device is signed out.
      await me.goTo('/devices');
      expect(await me.heading()).toBe('Sign in');
      await signInHere(me, name, SECOND_PASSWORD);

      // Change the address.
      await me.goTo('/email');
      await me.fill({ Email: next, Password: SECOND_PASSWORD });
      await me.press('Save');
      expect(await notice(me)).toContain('We sent a mail to your new address.');
      await openMail(me, next, 'Confirm your new email address');
      await me.press('Confirm new address');
      expect(await notice(me)).toBe('Your email is changed.');

      // Undo the change from the old address.
      await openMail(other, email, 'was changed');
      expect(await other.heading()).toBe('Undo the change of your email address');
      await other.press('Undo');
      expect(await other.heading()).toBe('Set a new password');
      await other.fill({ 'New password': THIRD_PASSWORD });
      await other.press('Set the password');
      await signInHere(other, email, THIRD_PASSWORD);
      expect(await other.heading()).toBe('Add a passkey');
      await other.goTo('/');
      expect(await other.page.locator('h1').innerText()).toBe(name);
      await me.goTo('/devices');
      expect(await me.heading()).toBe('Sign in');
      await signInHere(me, name, PASSWORD);
      expect(await notice(me)).toContain('Wrong username, email or password.');
    },
  );

  it('let a user confirm an email by code, and send no referrer with a token', async () => {
    const me = await visit();
    const name = someName();
    await signUp(me, name);
    await me.goTo('/');
    await me.follow('Confirm your email address');
    const mail = await awaitMail(visits.service.origin, emailOf(name), 'Confirm your email');
    await me.fill({ Code: /^\d{8}$/m.exec(mail.text)?.[0] ?? '' });
    const referrers: (string | undefined)[] = [];
    me.page.on('request', (request) => referrers.push(request.headers()['referer']));
    await me.goTo(pathIn(mail));
    expect(await me.heading()).toBe('Confirm your email address');
    await me.press('Confirm address');
    expect(referrers.filter((referrer) => referrer?.includes('token'))).toEqual([]);
  });
});
