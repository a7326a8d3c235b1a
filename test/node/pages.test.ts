// The account pages in Chromium, with and without scripts: the life of an account, and several browsers at once.
import { describe, expect, it } from 'vitest';
import { isWithoutChromium } from './support-chromium.ts';
import { emailOf, PASSWORD, signIn, signInHere, signUp, someName } from './support-person.ts';
import { openVisits } from './support-visits.ts';

describe.skipIf(isWithoutChromium())('account pages in Chromium', () => {
  const visits = openVisits({});
  const { visit } = visits;

  describe.each([
    ['without scripts', false],
    ['with scripts', true],
  ])('%s', (_, javaScriptEnabled) => {
    it('let a user create, change, export and delete an account', async () => {
      const me = await visit(javaScriptEnabled);
      const name = someName();
      await me.goTo('/');
      expect(await me.heading()).toBe('Sign in');
      await me.follow('Create account');
      expect(await me.heading()).toBe('Create account');

      await me.fill({ Email: 'nobody', Username: name, Password: 'short' });
      await me.press('Create account');
      expect(await me.notice()).toBe('Email: Enter a valid email address.\nPassword: At least 8 characters.');
      expect(await me.page.locator(':focus').getAttribute('id')).toBe('email');
      expect(await me.page.getByLabel(/^Username/).inputValue()).toBe(name);
      expect(await me.page.getByLabel('Password', { exact: true }).inputValue()).toBe('');

      await me.fill({ Email: emailOf(name), Password: PASSWORD });
      await me.press('Create account');
      expect(await me.notice()).toBe('Welcome. This is your account.');
      expect(await me.heading()).toBe(name);

      await me.follow('Profile');
      await me.fill({ Name: 'Mary Jones', 'About you': 'One line.\nAnother.' });
      await me.press('Save');
      expect(await me.notice()).toBe('Your profile is saved.');
      expect(await me.page.getByLabel(/^About you/).inputValue()).toBe('One line.\nAnother.');

      await me.goTo('/picture');
      await me.page.getByLabel('Owl').check();
      await me.press('Save');
      await me.goTo('/');
      expect(await me.page.locator('img.avatar').getAttribute('src')).toBe('/pictures/2.svg');
      expect(await me.heading()).toBe('Mary Jones');

      const next = 'seven doors and a wall';
      await me.goTo('/password');
      await me.fill({ 'Current password': 'not the password', 'New password': next });
      await me.press('Change password');
      expect(await me.notice()).toBe('Current password: Wrong password.');
      expect(await me.page.locator(':focus').getAttribute('id')).toBe('currentPassword');
      await me.fill({ 'Current password': PASSWORD, 'New password': next });
      await me.press('Change password');
      expect(await me.notice()).toBe('Your password is changed. All other devices are signed out.');

      await me.goTo('/email');
      await me.fill({ Email: `new-${emailOf(name)}`, Password: next });
      await me.press('Save');
      expect(await me.notice()).toBe('Your email is changed.');

      await me.goTo('/activity');
      expect(await me.page.locator('ol .strong').allInnerTexts()).toEqual([
        'Email changed',
        'Password changed',
        'Password refused',
        'Picture changed',
        'Profile changed',
        'Account created',
      ]);

      await me.press('Sign out');
      expect(await me.notice()).toBe('You are signed out.');
      await signInHere(me, `new-${emailOf(name)}`, PASSWORD);
      expect(await me.notice()).toBe('Password: Wrong username, email or password.');
      await signInHere(me, `new-${emailOf(name)}`, next);
      expect(await me.heading()).toBe('Mary Jones');

      await me.goTo('/export');
      const download = me.page.waitForEvent('download');
      await me.page.getByRole('link', { name: 'Download' }).click();
      expect((await download).suggestedFilename()).toMatch(/^latchkey-account-\d+\.json$/);

      await me.goTo('/delete');
      await me.fill({ Password: next });
      await me.press('Delete account');
      expect(await me.notice()).toBe('Your account is deleted.');
      await signInHere(me, name, next);
      expect(await me.heading()).toBe('Sign in');
      expect(await me.notice()).toBe('Password: Wrong username, email or password.');
    });

    it('let a user end the session of another browser', async () => {
      const [first, second] = [await visit(javaScriptEnabled), await visit(javaScriptEnabled)];
      const name = await signUp(first);
      await signIn(second, name);
      expect(await second.heading()).toBe(name);

      await first.goTo('/devices');
      expect(await first.page.locator('.rows > li').count()).toBe(2);
      expect(await first.page.getByText('This device').count()).toBe(1);
      await first.press(/^Sign out Chrome on/);
      expect(await first.notice()).toBe('That device is signed out.');
      expect(await first.page.locator('.rows > li').count()).toBe(1);

      await second.goTo('/devices');
      expect(await second.heading()).toBe('Sign in');
      await signInHere(second, name);
      expect(await second.heading()).toBe('Devices');
    });

    it('keep the typed text if the session ended meanwhile', async () => {
      const [first, second] = [await visit(javaScriptEnabled), await visit(javaScriptEnabled)];
      const name = await signUp(first);
      await signIn(second, name);
      await second.goTo('/profile');
      await second.fill({ 'About you': 'A long story.\nWith “quotes” & <marks>.' });
      await first.goTo('/devices');
      await first.press('Sign out all other devices');

      await second.press('Save');
      expect(await second.notice()).toBe('Your session has ended, so nothing was changed. Sign in to go on.');
      await signInHere(second, name);
      expect(await second.page.getByLabel(/^About you/).inputValue()).toBe(
        'A long story.\nWith “quotes” & <marks>.',
      );
      await second.press('Save');
      expect(await second.notice()).toBe('Your profile is saved.');
    });

    it('let an admin disable, enable and delete a user who is signed in elsewhere', async () => {
      const [admin, user] = [await visit(javaScriptEnabled), await visit(javaScriptEnabled)];
      const [adminName, userName] = [await signUp(admin), await signUp(user)];
      await visits.service.execute('UPDATE users SET is_admin = (username = ?)', adminName);

      await user.goTo('/admin');
      expect(await user.heading()).toBe('This is for admins');
      await admin.goTo('/');
      await admin.follow('Users');
      await admin.page.getByLabel('Search').fill(userName);
      await admin.press('Search');
      await admin.follow(userName);
      await admin.press('Disable account');
      expect(await admin.notice()).toBe('This account is disabled. All its devices are signed out.');

      await user.goTo('/profile');
      expect(await user.heading()).toBe('Sign in');
      await signIn(user, userName);
      expect(await user.notice()).toBe('Password: Wrong username, email or password.');

      await admin.press('Enable account');
      expect(await admin.notice()).toBe('This account can sign in again.');
      await signIn(user, userName);
      expect(await user.heading()).toBe(userName);

      await admin.follow('Delete account…');
      await admin.fill({ Password: PASSWORD });
      await admin.press('Delete account');
      expect(await admin.notice()).toBe('The account is deleted.');
      await user.goTo('/');
      expect(await user.heading()).toBe('Sign in');
    });
  });

  it('work with the keyboard only', async () => {
    const name = await signUp(await visit());
    const me = await visit();
    await me.goTo('/sign-in');
    const { keyboard } = me.page;
    await me.page.locator('#identifier:focus').waitFor();
    await keyboard.type(name);
    await keyboard.press('Tab');
    await keyboard.type(PASSWORD);
    await keyboard.press('Enter');
    await me.page.waitForURL(`${visits.service.origin}/`);
    await keyboard.press('Tab');
    expect(await me.page.locator(':focus').innerText()).toBe('Skip to the content');
    await keyboard.press('Enter');
    await keyboard.press('Tab');
    expect(await me.page.locator(':focus').getAttribute('href')).toBe('/email');
  });
});
