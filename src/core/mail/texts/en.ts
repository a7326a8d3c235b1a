// All words of the mails in English.
import { type LetterFacts, notice, type Texts } from './letter.ts';

const notYou = ({ forgotUrl }: LetterFacts): string =>
  `If this was not you, somebody else may know your password. Set a new one now: ${forgotUrl}`;

const byWhom = ({ byAdmin }: LetterFacts): string => (byAdmin ? ' by an administrator' : '');
const askAdmin = ({ service }: LetterFacts): string =>
  `If you did not expect this, ask the people who run ${service}.`;

export const en: Texts = {
  letters: {
    verify_email: ({ service, url, code }) => ({
      subject: `Confirm your email address for ${service}`,
      preheader: 'Confirm that this address is yours.',
      title: 'Confirm your email address',
      intro: `Somebody, probably you, gave this address for an account at ${service}.`,
      action: { label: 'Confirm address', url },
      code: { label: 'Or enter this code where you are signed in (good for 10 minutes):', code },
      showsFacts: false,
      advice: [
        'The link is good for 24 hours.',
        'If you have no account there, ignore this mail. Without your confirmation the address is not used.',
      ],
    }),
    reset_password: ({ service, url, byAdmin }) => ({
      subject: `Set a new password for ${service}`,
      preheader: 'The link is good for one hour.',
      title: 'Set a new password',
      intro: `${byAdmin ? 'An administrator' : 'Somebody, probably you,'} asked for a new password for your account at ${service}.`,
      action: { label: 'Set a new password', url },
      code: null,
      showsFacts: true,
      advice: [
        'The link is good for one hour and works once. A new password signs you out everywhere.',
        'If you did not ask for it, ignore this mail: your password stays as it is.',
      ],
    }),
    change_email: ({ service, url, code }) => ({
      subject: `Confirm your new email address for ${service}`,
      preheader: 'The change takes effect when you confirm it.',
      title: 'Confirm your new email address',
      intro: `Somebody, probably you, asked to use this address for an account at ${service}.`,
      action: { label: 'Confirm new address', url },
      code: { label: 'Or enter this code where you are signed in (good for 10 minutes):', code },
      showsFacts: false,
      advice: [
        'The link is good for 24 hours. Until then your account keeps its old address.',
        'If you did not ask for it, ignore this mail. Without your confirmation nothing changes.',
      ],
    }),
    email_changed: ({ service, url, hiddenAddress }) => ({
      subject: `The email address of your ${service} account was changed`,
      preheader: 'If this was not you, you can undo it for 72 hours.',
      title: 'Your email address was changed',
      intro: `Your account at ${service} now uses another address: ${hiddenAddress}`,
      action: url === '' ? null : { label: 'This was not me: undo', url },
      code: null,
      showsFacts: true,
      advice:
        url === ''
          ? ['If this was not you, ask the people who run the service.']
          : [
              'The link is good for 72 hours. It brings this address back, signs out every device and lets you set a new password.',
              'If this was you, you do not need to do anything.',
            ],
    }),
    sign_in: ({ service, code }) => ({
      subject: `${code} is your code for ${service}`,
      preheader: 'Enter it in the browser that asked for it.',
      title: 'Your sign-in code',
      intro: 'Enter this code in the browser that asked for it.',
      action: null,
      code: { label: `Code for ${service} (good for 10 minutes):`, code },
      showsFacts: true,
      advice: [
        'Give the code to nobody. We never ask for it.',
        'If you did not ask for it, ignore this mail: without the code nobody gets in.',
      ],
    }),
    password_changed: (facts) =>
      notice({
        subject: `Your ${facts.service} password was changed`,
        title: 'Your password was changed',
        intro: `The password of your account at ${facts.service} was changed. All other devices were signed out.`,
        advice: notYou(facts),
      }),
    password_reset: (facts) =>
      notice({
        subject: `Your ${facts.service} password was reset`,
        title: 'Your password was reset',
        intro: `A new password was set for your account at ${facts.service} by a link in a mail. All devices were signed out.`,
        advice: notYou(facts),
      }),
    username_changed: (facts) =>
      notice({
        subject: `Your ${facts.service} username was changed`,
        title: 'Your username was changed',
        intro: `The username of your account at ${facts.service} was changed.`,
        advice: notYou(facts),
      }),
    email_respelled: (facts) =>
      notice({
        subject: `The email address of your ${facts.service} account is spelled differently now`,
        title: 'Your email address is spelled differently now',
        intro: `The spelling of the email address of your account at ${facts.service} was changed. It is still the same address.`,
        advice: notYou(facts),
      }),
    factor_added: (facts) =>
      notice({
        subject: `A second factor was added to your ${facts.service} account`,
        title: 'A second factor was added',
        intro: `A passkey or an authenticator app was added to your account at ${facts.service}.`,
        advice: notYou(facts),
      }),
    factor_renamed: (facts) =>
      notice({
        subject: `A second factor of your ${facts.service} account was renamed`,
        title: 'A second factor was renamed',
        intro: `A passkey or the authenticator app of your account at ${facts.service} has a new name.`,
        advice: notYou(facts),
      }),
    factor_removed: (facts) =>
      notice({
        subject: `A second factor was removed from your ${facts.service} account`,
        title: 'A second factor was removed',
        intro: `A passkey or the authenticator app of your account at ${facts.service} was removed.`,
        advice: notYou(facts),
      }),
    factors_removed: (facts) =>
      notice({
        subject: `All second factors were removed from your ${facts.service} account`,
        title: 'All second factors were removed',
        intro: `An administrator removed all passkeys, codes and app passwords of your account at ${facts.service}. All devices were signed out, and your password is enough to sign in.`,
        advice: `If you did not ask for this, tell the people who run ${facts.service}.`,
      }),
    recovery_codes_renewed: (facts) =>
      notice({
        subject: `New recovery codes for your ${facts.service} account`,
        title: 'New recovery codes',
        intro: `New recovery codes were made for your account at ${facts.service}. The codes before them no longer work.`,
        advice: notYou(facts),
      }),
    recovery_code_used: (facts) =>
      notice({
        subject: `A recovery code of your ${facts.service} account was used`,
        title: 'A recovery code was used',
        intro: `Somebody signed in to your account at ${facts.service} with a recovery code. That code no longer works.`,
        advice: `If this was you, you do not need to do anything. ${notYou(facts)}`,
      }),
    app_password_added: (facts) =>
      notice({
        subject: `An app password was made for your ${facts.service} account`,
        title: 'An app password was made',
        intro: `An app password was made for your account at ${facts.service}. An app signs in with it without a second factor.`,
        advice: notYou(facts),
      }),
    app_password_removed: (facts) =>
      notice({
        subject: `An app password of your ${facts.service} account was removed`,
        title: 'An app password was removed',
        intro: `An app password of your account at ${facts.service} was removed. The apps that used it were signed out.`,
        advice: notYou(facts),
      }),
    app_allowed: (facts) =>
      notice({
        subject: `${facts.appName} can now use your ${facts.service} account`,
        title: 'An app knows who you are',
        intro: `You are signed in to ${facts.appName} with your account at ${facts.service}. You can remove its access on the page Apps of your account.`,
        advice: `If this was you, you do not need to do anything. ${notYou(facts)}`,
      }),
    new_device: (facts) =>
      notice({
        subject: `New sign-in to your ${facts.service} account`,
        title: 'New sign-in',
        intro: `Somebody signed in to your account at ${facts.service} from a device that it has not seen before.`,
        advice: `If this was you, you do not need to do anything. ${notYou(facts)}`,
      }),
    account_deleted: (facts) =>
      notice({
        subject: `Your ${facts.service} account was deleted`,
        title: 'Your account was deleted',
        intro: `Your account at ${facts.service} was deleted${byWhom(facts)}, with its profile and its sessions.`,
        advice: askAdmin(facts),
      }),
    account_disabled: (facts) =>
      notice({
        subject: `Your ${facts.service} account was disabled`,
        title: 'Your account was disabled',
        intro: `Your account at ${facts.service} was disabled by an administrator. You are signed out and cannot sign in.`,
        advice: askAdmin(facts),
      }),
    admin_granted: (facts) =>
      notice({
        subject: `You are now an administrator of ${facts.service}`,
        title: 'You are now an administrator',
        intro: `Your account at ${facts.service} may now manage all other accounts.`,
        advice: askAdmin(facts),
      }),
    admin_revoked: (facts) =>
      notice({
        subject: `You are no longer an administrator of ${facts.service}`,
        title: 'You are no longer an administrator',
        intro: `Your account at ${facts.service} may no longer manage other accounts.`,
        advice: askAdmin(facts),
      }),
  },
  when: 'When',
  device: 'Device',
  place: 'Place',
  deviceOn: (browser, system) => `${browser} on ${system}`,
  unknownDevice: 'Unknown device',
  unknownPlace: 'Unknown place',
  footer: (service) => `Sent by ${service}`,
};
