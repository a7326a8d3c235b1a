// The profile and the picture, which need no password.
import type { Context } from 'hono';
import * as z from 'zod/mini';
import { findPicture, pictures } from '../core/index.ts';
import * as own from '../http/body/schemas.ts';
import type { AppEnv } from '../http/context.ts';
import { endpoint } from '../http/endpoint.ts';
import { goOn } from './done.ts';
import { Actions, ErrorSummary, PostForm } from './field.tsx';
import { type FormError, form, formWith, typedOf } from './form.ts';
import { PROFILE, show } from './layout.tsx';
import { profileOf, showProfile } from './profile-form.tsx';
import { askAgain, owner } from './session.tsx';

const NO_PICTURE = 'none';

const showPictures = (c: Context<AppEnv>, errors: readonly FormError[] = []): Response => {
  const chosen = findPicture(c.var.principal.account.pictureId);
  return show(
    c,
    {
      title: 'Picture',
      here: '/profile',
      parent: PROFILE,
      status: errors.length > 0 ? 400 : 200,
      failed: errors.length > 0,
    },
    <>
      <h1>Picture</h1>
      <ErrorSummary form={formWith({}, errors)} />
      <PostForm action="/picture">
        <fieldset id="pictureId">
          <legend>The picture that others see</legend>
          <div class="pictures">
            {pictures.map(({ id, name, path }) => (
              <label>
                <input type="radio" name="pictureId" value={String(id)} checked={id === chosen?.id} />
                <img src={path} alt="" width="96" height="96" />
                {name}
              </label>
            ))}
            <label>
              <input type="radio" name="pictureId" value={NO_PICTURE} checked={chosen === null} />
              <span class="nothing" aria-hidden="true" />
              None
            </label>
          </div>
        </fieldset>
        <Actions send="Save" back="/profile" />
      </PostForm>
    </>,
  );
};

const showForm = endpoint({
  method: 'GET',
  path: '/profile',
  auth: owner,
  handle: (c) => showProfile(c, profileOf(c.var.principal.account)),
});

const save = endpoint({
  method: 'POST',
  path: '/profile',
  auth: owner,
  body: form(z.omit(own.profile, { pictureId: true }), {
    show: (c, errors) => showProfile(c, formWith(typedOf(c), errors), { status: 400 }),
  }),
  handle: async (c) => {
    const { core, principal, client } = c.var;
    const texts = c.req.valid('json');
    const changed = await core.accounts.update(principal.account, texts, 'profile_changed', client);
    return changed.ok ? goOn(c, '/profile', 'profile-changed') : askAgain(c, typedOf(c));
  },
});

const showPicture = endpoint({
  method: 'GET',
  path: '/picture',
  auth: owner,
  handle: (c) => showPictures(c),
});

const savePicture = endpoint({
  method: 'POST',
  path: '/picture',
  auth: owner,
  body: form(z.pick(own.profile, { pictureId: true }), {
    show: showPictures,
    // A form without the field is invalid, like one with a wrong number.
    prepare: ({ pictureId = '' }) => (pictureId === NO_PICTURE ? {} : { pictureId }),
  }),
  handle: async (c) => {
    const { core, principal, client } = c.var;
    const { pictureId } = c.req.valid('json');
    const changes = { pictureId: typeof pictureId === 'string' ? Number(pictureId) : null };
    const changed = await core.accounts.update(principal.account, changes, 'picture_changed', client);
    return changed.ok ? goOn(c, '/profile', 'picture-changed') : askAgain(c, typedOf(c));
  },
});

export const profile = [showForm, save, showPicture, savePicture];
