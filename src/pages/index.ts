// The account page: what people see in a browser, rendered here, without a script.
import type { SurfaceDefinition } from '../http/endpoint.ts';
import { activity } from './activity.tsx';
import { adminUser } from './admin-user.tsx';
import { adminUsers } from './admin-users.tsx';
import { changeEmail } from './change-email.tsx';
import { data } from './data.tsx';
import { devices } from './devices.tsx';
import { names } from './names.tsx';
import { overview } from './overview.tsx';
import { password } from './password.tsx';
import { problem, sendPage } from './problem.tsx';
import { profile } from './profile.tsx';
import { resetPassword } from './reset-password.tsx';
import { onAnonymous } from './session.tsx';
import { signIn } from './sign-in.tsx';
import { signUp } from './sign-up.tsx';
import { verifyEmail } from './verify-email.tsx';

/** Worded as HTML; whoever is not signed in is sent to sign in. */
export const pages: SurfaceDefinition = {
  name: 'pages',
  basePath: '',
  endpoints: [
    ...overview,
    ...signIn,
    ...signUp,
    ...profile,
    ...password,
    ...names,
    ...verifyEmail,
    ...changeEmail,
    ...resetPassword,
    ...devices,
    ...activity,
    ...data,
    ...adminUsers,
    ...adminUser,
  ],
  problem,
  send: sendPage,
  onAnonymous,
  isForPeople: true,
};
