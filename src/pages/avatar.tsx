// An account's picture, or the first letter of its name. No picture is loaded from elsewhere.
import { type Account, displayName, findPicture } from '../core/index.ts';

/** The name to show for an account. */
export const nameOf = (account: Account): string => displayName(account) || account.email;

export const Avatar = ({ account, size }: { account: Account; size: 'small' | 'large' }) => {
  const picture = findPicture(account.pictureId);
  const pixels = size === 'large' ? '88' : '44';
  if (picture)
    return <img class={`avatar ${size}`} src={picture.path} alt="" width={pixels} height={pixels} />;
  const [letter = '?'] = nameOf(account);
  return (
    <span class={`avatar ${size}`} aria-hidden="true">
      {letter.toUpperCase()}
    </span>
  );
};
