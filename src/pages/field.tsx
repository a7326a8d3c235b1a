// A labelled field with its hint and its errors, and the summary of all errors above a form.
import type { Child } from 'hono/jsx';
import type { Account } from '../core/index.ts';
import type { Form } from './form.ts';
import { type FieldName, LABELS } from './labels.ts';
import { Notice } from './notice.tsx';

export interface FieldProps {
  form: Form;
  name: FieldName;
  /** What a browser may fill in. https://html.spec.whatwg.org/#autofill-field */
  autocomplete: string;
  type?: 'text' | 'email' | 'password' | 'url';
  label?: string;
  hint?: string;
  optional?: boolean;
  /** Lines, where there may be several. */
  rows?: number;
  /** True for the field that has the focus first. */
  first?: boolean;
  /** Which keyboard a phone shows. */
  keys?: 'numeric';
}

/** Without a script, `autofocus` leads to the first invalid field. */
export const Field = (props: FieldProps) => {
  const { form, name, type = 'text', label = LABELS[name], hint, optional, rows, first } = props;
  const texts = form.errors.filter(({ field }) => field === name).map(({ text }) => text);
  const firstInvalid = form.errors.find(({ field }) => field !== null)?.field;
  const isInvalid = texts.length > 0;
  const described = [isInvalid && `${name}-error`, hint !== undefined && `${name}-hint`].filter(Boolean);
  const attributes = {
    id: name,
    name,
    autocomplete: props.autocomplete,
    required: !optional,
    autofocus: firstInvalid === undefined ? first === true : firstInvalid === name,
    'aria-invalid': isInvalid ? ('true' as const) : undefined,
    'aria-describedby': described.length > 0 ? described.join(' ') : undefined,
  };
  const isName = type !== 'text' || name === 'username' || name === 'identifier';
  return (
    <div class="field">
      <label for={name}>
        {label}
        {optional && <span class="aside"> (optional)</span>}
      </label>
      {hint !== undefined && (
        <p class="hint" id={`${name}-hint`}>
          {hint}
        </p>
      )}
      {isInvalid && (
        <p class="error" id={`${name}-error`}>
          {texts.join(' ')}
        </p>
      )}
      {rows === undefined ? (
        // A wrapper for the button that show-password.js adds to a password field.
        <div class="control">
          <input
            {...attributes}
            type={type}
            // Never a password: the page would keep what it shows again.
            value={type === 'password' ? undefined : form.values[name]}
            autocapitalize={isName ? 'none' : undefined}
            inputmode={props.keys}
          />
        </div>
      ) : (
        <textarea {...attributes} rows={rows}>
          {`\n${form.values[name] ?? ''}`}
        </textarea>
      )}
    </div>
  );
};

export interface ChoiceProps {
  form: Form;
  name: FieldName;
  /** Each value with its label. */
  options: readonly (readonly [value: string, label: string])[];
}

/** A field with a few possible values. */
export const Choice = ({ form, name, options }: ChoiceProps) => (
  <div class="field">
    <label for={name}>{LABELS[name]}</label>
    <select id={name} name={name}>
      {options.map(([value, label]) => (
        <option value={value} selected={form.values[name] === value}>
          {label}
        </option>
      ))}
    </select>
  </div>
);

/**
 * Names the account of a form for password managers. Always the email: every account has one, so that a manager keeps
 * one entry. Without a name it is not sent.
 * https://www.chromium.org/developers/design-documents/form-styles-that-chromium-understands/
 */
export const WhosePassword = ({ account }: { account: Pick<Account, 'email' | 'username'> }) => (
  <input
    type="text"
    autocomplete="username"
    value={account.email || (account.username ?? '')}
    hidden
    readonly
  />
);

/** The password again, for changes that a session alone must not make. */
export const PasswordAgain = ({ form }: { form: Form }) => (
  <Field
    form={form}
    name="password"
    type="password"
    autocomplete="current-password"
    hint="Enter your password to confirm that it is you."
  />
);

/** A new password. */
export const NewPassword = ({ form, name }: { form: Form; name: 'password' | 'newPassword' }) => (
  <Field
    form={form}
    name={name}
    type="password"
    autocomplete="new-password"
    hint="At least 8 characters. A few words that you can remember work well."
  />
);

/** What is wrong with a form, with links to the fields. */
export const ErrorSummary = ({ form: { errors } }: { form: Form }) =>
  errors.length === 0 ? null : (
    <Notice kind="bad">
      <ul>
        {errors.map(({ field, text }) => (
          <li>{field === null ? text : <ErrorLink field={field} text={text} />}</li>
        ))}
      </ul>
    </Notice>
  );

const ErrorLink = ({ field, text }: { field: FieldName; text: string }) => (
  <>
    <a href={`#${field}`}>{LABELS[field]}</a>: {text}
  </>
);

/** A form that is sent to a path. The server validates it, with better messages than a browser's. */
export const PostForm = ({ action, children }: { action: string; children?: Child }) => (
  <form class="card" method="post" action={action} novalidate>
    {children}
  </form>
);

/** The button that sends the form, and a link back. */
export const Actions = ({ send, back, danger }: { send: string; back?: string; danger?: boolean }) => (
  <div class="actions">
    <button type="submit" class={danger ? 'danger' : undefined}>
      {send}
    </button>
    {back !== undefined && (
      <a class="cancel" href={back}>
        Cancel
      </a>
    )}
  </div>
);
