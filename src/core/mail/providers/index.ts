// The providers, each loaded when a deployment that has chosen it sends its first mail.
import type { Mailer, MailerOptions, ProviderSettings } from '../mailer.ts';

export const createMailer = async (settings: ProviderSettings, options: MailerOptions): Promise<Mailer> => {
  switch (settings.provider) {
    case 'cloudflare':
      return (await import('./cloudflare.ts')).createCloudflareMailer(settings.binding, options);
    case 'resend':
      return (await import('./resend.ts')).createResendMailer(settings, options);
    case 'postmark':
      return (await import('./postmark.ts')).createPostmarkMailer(settings, options);
    case 'ses':
      return (await import('./ses.ts')).createSesMailer(settings, options);
  }
};
