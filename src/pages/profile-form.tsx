// The form of the profile.
import type { Context } from 'hono';
import { type Account, type Locale, namesOf } from '../core/index.ts';
import type { AppEnv } from '../http/context.ts';
import { Avatar } from './avatar.tsx';
import { Actions, Choice, ErrorSummary, Field, PostForm } from './field.tsx';
import { type Form, formWith } from './form.ts';
import { show } from './layout.tsx';
import { Notice } from './notice.tsx';

/** The profile as it is stored, in the fields. */
export const profileOf = (account: Account): Form => {
  const { address, siteUrl, description, locale } = account;
  return formWith({ ...namesOf(account), address, siteUrl, description, locale });
};

/** Each language by its own name. */
const LANGUAGES: Readonly<Record<Locale, string>> = { en: 'English', de: 'Deutsch' };

interface Shown {
  status?: 200 | 400;
  /** True if the fields hold what was typed before the session ended. */
  unsaved?: boolean;
  /** The account, if this request signed it in. */
  account?: Account;
}

export const showProfile = (
  c: Context<AppEnv>,
  form: Form,
  { status = 200, unsaved = false, account }: Shown = {},
): Response =>
  show(
    c,
    {
      title: 'Profile',
      here: '/profile',
      status,
      failed: form.errors.length > 0,
      ...(account && { account }),
    },
    <>
      <h1>Profile</h1>
      {unsaved && <Notice kind="good">You are signed in again. Your changes are not saved yet.</Notice>}
      <p class="person">
        <Avatar account={account ?? c.var.principal.account} size="large" />
        <a href="/picture">Change picture</a>
      </p>
      <ErrorSummary form={form} />
      <PostForm action="/profile">
        <Field form={form} name="name" autocomplete="name" hint="What others see." optional />
        <div class="pair">
          <Field form={form} name="firstName" autocomplete="given-name" optional />
          <Field form={form} name="lastName" autocomplete="family-name" optional />
        </div>
        <Field form={form} name="siteUrl" type="url" autocomplete="url" hint="https://…" optional />
        <Field form={form} name="address" autocomplete="street-address" rows={3} optional />
        <Field form={form} name="description" autocomplete="off" rows={5} optional />
        {c.var.core.mail.settings && <Choice form={form} name="locale" options={Object.entries(LANGUAGES)} />}
        <Actions send="Save" back="/" />
      </PostForm>
    </>,
  );
