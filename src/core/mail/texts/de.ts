// All words of the mails in German.
import { type LetterFacts, notice, type Texts } from './letter.ts';

const notYou = ({ forgotUrl }: LetterFacts): string =>
  `Waren Sie das nicht, kennt vielleicht jemand anderes Ihr Passwort. Setzen Sie jetzt ein neues: ${forgotUrl}`;

const byWhom = ({ byAdmin }: LetterFacts): string => (byAdmin ? ' von der Verwaltung' : '');
const askAdmin = ({ service }: LetterFacts): string =>
  `Haben Sie das nicht erwartet, wenden Sie sich an die Betreiber von ${service}.`;

export const de: Texts = {
  letters: {
    verify_email: ({ service, url, code }) => ({
      subject: `Bestätigen Sie Ihre E-Mail-Adresse für ${service}`,
      preheader: 'Bestätigen Sie, dass diese Adresse Ihnen gehört.',
      title: 'E-Mail-Adresse bestätigen',
      intro: `Jemand, vermutlich Sie, hat diese Adresse für ein Konto bei ${service} angegeben.`,
      action: { label: 'Adresse bestätigen', url },
      code: {
        label: 'Oder geben Sie dort, wo Sie angemeldet sind, diesen Code ein (10 Minuten gültig):',
        code,
      },
      showsFacts: false,
      advice: [
        'Der Link gilt 24 Stunden.',
        'Haben Sie dort kein Konto, ignorieren Sie diese Mail. Ohne Ihre Bestätigung wird die Adresse nicht verwendet.',
      ],
    }),
    reset_password: ({ service, url, byAdmin }) => ({
      subject: `Neues Passwort für ${service} setzen`,
      preheader: 'Der Link gilt eine Stunde.',
      title: 'Neues Passwort setzen',
      intro: `${byAdmin ? 'Die Verwaltung' : 'Jemand, vermutlich Sie,'} hat ein neues Passwort für Ihr Konto bei ${service} angefordert.`,
      action: { label: 'Neues Passwort setzen', url },
      code: null,
      showsFacts: true,
      advice: [
        'Der Link gilt eine Stunde und nur einmal. Ein neues Passwort meldet Sie überall ab.',
        'Haben Sie das nicht angefordert, ignorieren Sie diese Mail: Ihr Passwort bleibt, wie es ist.',
      ],
    }),
    change_email: ({ service, url, code }) => ({
      subject: `Bestätigen Sie Ihre neue E-Mail-Adresse für ${service}`,
      preheader: 'Die Änderung gilt, sobald Sie sie bestätigen.',
      title: 'Neue E-Mail-Adresse bestätigen',
      intro: `Jemand, vermutlich Sie, möchte diese Adresse für ein Konto bei ${service} verwenden.`,
      action: { label: 'Neue Adresse bestätigen', url },
      code: {
        label: 'Oder geben Sie dort, wo Sie angemeldet sind, diesen Code ein (10 Minuten gültig):',
        code,
      },
      showsFacts: false,
      advice: [
        'Der Link gilt 24 Stunden. Bis dahin behält Ihr Konto die alte Adresse.',
        'Haben Sie das nicht angefordert, ignorieren Sie diese Mail. Ohne Ihre Bestätigung ändert sich nichts.',
      ],
    }),
    email_changed: ({ service, url, hiddenAddress }) => ({
      subject: `Die E-Mail-Adresse Ihres Kontos bei ${service} wurde geändert`,
      preheader: 'Waren Sie das nicht, können Sie es 72 Stunden lang rückgängig machen.',
      title: 'Ihre E-Mail-Adresse wurde geändert',
      intro: `Ihr Konto bei ${service} verwendet jetzt eine andere Adresse: ${hiddenAddress}`,
      action: url === '' ? null : { label: 'Das war ich nicht: rückgängig machen', url },
      code: null,
      showsFacts: true,
      advice:
        url === ''
          ? ['Waren Sie das nicht, wenden Sie sich an die Betreiber des Dienstes.']
          : [
              'Der Link gilt 72 Stunden. Er stellt diese Adresse wieder her, meldet alle Geräte ab und lässt Sie ein neues Passwort setzen.',
              'Waren Sie das, ist nichts zu tun.',
            ],
    }),
    sign_in: ({ service, code }) => ({
      subject: `${code} ist Ihr Code für ${service}`,
      preheader: 'Geben Sie ihn in dem Browser ein, der ihn angefordert hat.',
      title: 'Ihr Anmeldecode',
      intro: 'Geben Sie diesen Code in dem Browser ein, der ihn angefordert hat.',
      action: null,
      code: { label: `Code für ${service} (10 Minuten gültig):`, code },
      showsFacts: true,
      advice: [
        'Geben Sie den Code niemandem. Wir fragen nie danach.',
        'Haben Sie ihn nicht angefordert, ignorieren Sie diese Mail: Ohne den Code kommt niemand hinein.',
      ],
    }),
    password_changed: (facts) =>
      notice({
        subject: `Ihr Passwort für ${facts.service} wurde geändert`,
        title: 'Ihr Passwort wurde geändert',
        intro: `Das Passwort Ihres Kontos bei ${facts.service} wurde geändert. Alle anderen Geräte wurden abgemeldet.`,
        advice: notYou(facts),
      }),
    password_reset: (facts) =>
      notice({
        subject: `Ihr Passwort für ${facts.service} wurde neu gesetzt`,
        title: 'Ihr Passwort wurde neu gesetzt',
        intro: `Über einen Link in einer Mail wurde ein neues Passwort für Ihr Konto bei ${facts.service} gesetzt. Alle Geräte wurden abgemeldet.`,
        advice: notYou(facts),
      }),
    username_changed: (facts) =>
      notice({
        subject: `Ihr Benutzername bei ${facts.service} wurde geändert`,
        title: 'Ihr Benutzername wurde geändert',
        intro: `Der Benutzername Ihres Kontos bei ${facts.service} wurde geändert.`,
        advice: notYou(facts),
      }),
    email_respelled: (facts) =>
      notice({
        subject: `Die E-Mail-Adresse Ihres Kontos bei ${facts.service} wird jetzt anders geschrieben`,
        title: 'Ihre E-Mail-Adresse wird jetzt anders geschrieben',
        intro: `Die Schreibweise der E-Mail-Adresse Ihres Kontos bei ${facts.service} wurde geändert. Es ist weiterhin dieselbe Adresse.`,
        advice: notYou(facts),
      }),
    factor_added: (facts) =>
      notice({
        subject: `Zweiter Faktor für Ihr Konto bei ${facts.service} hinzugefügt`,
        title: 'Ein zweiter Faktor wurde hinzugefügt',
        intro: `Für Ihr Konto bei ${facts.service} wurde ein Passkey oder eine Authenticator-App hinzugefügt.`,
        advice: notYou(facts),
      }),
    factor_renamed: (facts) =>
      notice({
        subject: `Zweiter Faktor Ihres Kontos bei ${facts.service} umbenannt`,
        title: 'Ein zweiter Faktor wurde umbenannt',
        intro: `Ein Passkey oder die Authenticator-App Ihres Kontos bei ${facts.service} hat einen neuen Namen.`,
        advice: notYou(facts),
      }),
    factor_removed: (facts) =>
      notice({
        subject: `Zweiter Faktor Ihres Kontos bei ${facts.service} entfernt`,
        title: 'Ein zweiter Faktor wurde entfernt',
        intro: `Ein Passkey oder die Authenticator-App Ihres Kontos bei ${facts.service} wurde entfernt.`,
        advice: notYou(facts),
      }),
    factors_removed: (facts) =>
      notice({
        subject: `Alle zweiten Faktoren Ihres Kontos bei ${facts.service} entfernt`,
        title: 'Alle zweiten Faktoren wurden entfernt',
        intro: `Ein Administrator hat alle Passkeys, Codes und App-Passwörter Ihres Kontos bei ${facts.service} entfernt. Alle Geräte wurden abgemeldet. Zur Anmeldung genügt jetzt Ihr Passwort.`,
        advice: `Haben Sie nicht darum gebeten, wenden Sie sich an den Betreiber von ${facts.service}.`,
      }),
    recovery_codes_renewed: (facts) =>
      notice({
        subject: `Neue Wiederherstellungscodes für Ihr Konto bei ${facts.service}`,
        title: 'Neue Wiederherstellungscodes',
        intro: `Für Ihr Konto bei ${facts.service} wurden neue Wiederherstellungscodes erstellt. Die bisherigen gelten nicht mehr.`,
        advice: notYou(facts),
      }),
    recovery_code_used: (facts) =>
      notice({
        subject: `Ein Wiederherstellungscode Ihres Kontos bei ${facts.service} wurde benutzt`,
        title: 'Ein Wiederherstellungscode wurde benutzt',
        intro: `Jemand hat sich mit einem Wiederherstellungscode an Ihrem Konto bei ${facts.service} angemeldet. Dieser Code gilt nicht mehr.`,
        advice: `Waren Sie das, ist nichts zu tun. ${notYou(facts)}`,
      }),
    app_password_added: (facts) =>
      notice({
        subject: `Ein App-Passwort für Ihr Konto bei ${facts.service} wurde erstellt`,
        title: 'Ein App-Passwort wurde erstellt',
        intro: `Für Ihr Konto bei ${facts.service} wurde ein App-Passwort erstellt. Eine App meldet sich damit ohne zweiten Faktor an.`,
        advice: notYou(facts),
      }),
    app_password_removed: (facts) =>
      notice({
        subject: `Ein App-Passwort Ihres Kontos bei ${facts.service} wurde entfernt`,
        title: 'Ein App-Passwort wurde entfernt',
        intro: `Ein App-Passwort Ihres Kontos bei ${facts.service} wurde entfernt. Die Apps, die es benutzt haben, wurden abgemeldet.`,
        advice: notYou(facts),
      }),
    app_allowed: (facts) =>
      notice({
        subject: `${facts.appName} kann jetzt Ihr Konto bei ${facts.service} verwenden`,
        title: 'Eine App weiß, wer Sie sind',
        intro: `Sie sind bei ${facts.appName} mit Ihrem Konto bei ${facts.service} angemeldet. Auf der Seite „Apps“ Ihres Kontos können Sie den Zugriff entfernen.`,
        advice: `Waren Sie das, ist nichts zu tun. ${notYou(facts)}`,
      }),
    new_device: (facts) =>
      notice({
        subject: `Neue Anmeldung an Ihrem Konto bei ${facts.service}`,
        title: 'Neue Anmeldung',
        intro: `Jemand hat sich an Ihrem Konto bei ${facts.service} mit einem Gerät angemeldet, das dort noch nicht bekannt ist.`,
        advice: `Waren Sie das, ist nichts zu tun. ${notYou(facts)}`,
      }),
    account_deleted: (facts) =>
      notice({
        subject: `Ihr Konto bei ${facts.service} wurde gelöscht`,
        title: 'Ihr Konto wurde gelöscht',
        intro: `Ihr Konto bei ${facts.service} wurde${byWhom(facts)} gelöscht, mit seinem Profil und seinen Sitzungen.`,
        advice: askAdmin(facts),
      }),
    account_disabled: (facts) =>
      notice({
        subject: `Ihr Konto bei ${facts.service} wurde gesperrt`,
        title: 'Ihr Konto wurde gesperrt',
        intro: `Ihr Konto bei ${facts.service} wurde von der Verwaltung gesperrt. Sie sind abgemeldet und können sich nicht anmelden.`,
        advice: askAdmin(facts),
      }),
    admin_granted: (facts) =>
      notice({
        subject: `Sie verwalten jetzt ${facts.service}`,
        title: 'Sie gehören jetzt zur Verwaltung',
        intro: `Ihr Konto bei ${facts.service} kann jetzt alle anderen Konten verwalten.`,
        advice: askAdmin(facts),
      }),
    admin_revoked: (facts) =>
      notice({
        subject: `Sie verwalten ${facts.service} nicht mehr`,
        title: 'Sie gehören nicht mehr zur Verwaltung',
        intro: `Ihr Konto bei ${facts.service} kann andere Konten nicht mehr verwalten.`,
        advice: askAdmin(facts),
      }),
  },
  when: 'Wann',
  device: 'Gerät',
  place: 'Ort',
  deviceOn: (browser, system) => `${browser} unter ${system}`,
  unknownDevice: 'Unbekanntes Gerät',
  unknownPlace: 'Unbekannter Ort',
  footer: (service) => `Gesendet von ${service}`,
};
