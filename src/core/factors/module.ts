// What is loaded by itself, as one module of the Worker: see load.ts and scripts/build.ts.

import { createSealing } from '../sealing.ts';
import { createChallenges } from './challenges.ts';
import { createFactorManagement, type FactorManagement, type FactorManagementOptions } from './manage.ts';
import { createSecondFactor, type SecondFactor, type SecondFactorOptions } from './second-factor.ts';

export type Factors = FactorManagement & SecondFactor;

export type FactorsOptions = Omit<FactorManagementOptions & SecondFactorOptions, 'challenges' | 'sealing'>;

/** All of it, for one request. */
export const createFactors = (options: FactorsOptions): Factors => {
  const { keyring, random } = options;
  const parts = {
    ...options,
    challenges: createChallenges(options),
    sealing: createSealing(keyring, random),
  };
  return { ...createFactorManagement(parts), ...createSecondFactor(parts) };
};
