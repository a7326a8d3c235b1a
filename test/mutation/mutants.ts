// Security-relevant faults that the tests must notice. `npm run mutate` makes each of them in a copy of the project.
import { coreMutants } from './core.ts';
import { factorMutants } from './factors.ts';
import { forwardAuthMutants } from './forward-auth.ts';
import { httpMutants } from './http.ts';
import { importMutants } from './import.ts';
import type { Mutant } from './mutant.ts';
import { packageMutants } from './package.ts';
import { providerMutants } from './provider.ts';
import { webhookMutants } from './webhooks.ts';

export const mutants: readonly Mutant[] = [
  ...httpMutants,
  ...coreMutants,
  ...factorMutants,
  ...providerMutants,
  ...forwardAuthMutants,
  ...webhookMutants,
  ...packageMutants,
  ...importMutants,
];
