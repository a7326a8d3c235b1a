// The profile and the picture: what an owner changes without the password.
import { type Context, Hono } from 'hono';
import { findPicture, pictures } from '../core/index.ts';
import * as own from '../http/body/schemas.ts';
import type { AppEnv } from '../http/context.ts';
import { goOn } from './done.ts';
import { Actions, Faults, PostForm } from './field.tsx';
import { check, type FormFault, formWith, readTyped } from './form.ts';
import { show } from './layout.tsx';
import { profileOf, showProfile } from './profile-form.tsx';
import { askAgain, signedIn } from './session.tsx';

const showPictures = (c: Context<AppEnv>, faults: readonly FormFault[] = []): Response => {
  const chosen = findPicture(c.var.principal.account.pictureId);
  return show(
    c,
    { title: 'Picture', here: '/', status: faults.length > 0 ? 400 : 200, failed: faults.length > 0 },
    <>
      <h1>Picture</h1>
      <Faults form={formWith({}, faults)} />
      <PostForm action="/picture">
        <fieldset class="card" id="pictureId">
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
              <input type="radio" name="pictureId" value="none" checked={chosen === null} />
              <span class="nothing" aria-hidden="true" />
              None
            </label>
          </div>
          <Actions send="Save" back="/" />
        </fieldset>
      </PostForm>
    </>,
  );
};

export const profile = new Hono<AppEnv>()
  .get('/profile', signedIn, (c) => showProfile(c, profileOf(c.var.principal.account)))
  .post('/profile', signedIn, async (c) => {
    const typed = await readTyped(c);
    if (typed instanceof Response) return typed;
    const { pictureId: _, ...rest } = typed;
    const checked = check(own.profile, rest);
    if (!checked.ok) return showProfile(c, formWith(typed, checked.faults), { status: 400 });
    const { pictureId: _none, ...texts } = checked.data;
    const { core, principal, client } = c.var;
    const changed = await core.accounts.update(principal.account.id, texts, 'profile_changed', client);
    return changed.ok ? goOn(c, '/profile', 'profile-changed') : askAgain(c, typed);
  })
  .get('/picture', signedIn, (c) => showPictures(c))
  .post('/picture', signedIn, async (c) => {
    const typed = await readTyped(c);
    if (typed instanceof Response) return typed;
    // `none` is no number, so that a form without the field is at fault like one with a wrong number.
    const { pictureId = '' } = typed;
    const checked = check(own.profile, pictureId === 'none' ? {} : { pictureId });
    if (!checked.ok) return showPictures(c, checked.faults);
    const { core, principal, client } = c.var;
    const changes = { pictureId: pictureId === 'none' ? null : Number(pictureId) };
    const changed = await core.accounts.update(principal.account.id, changes, 'picture_changed', client);
    return changed.ok ? goOn(c, '/picture', 'picture-changed') : askAgain(c, typed);
  });
