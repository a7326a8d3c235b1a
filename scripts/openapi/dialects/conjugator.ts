// How 002 `conjugator` is described.
import { conjugator as conjugatorSurface } from '../../../src/dialects/conjugator.ts';
import { describeSurface } from '../routes.ts';

export const conjugator = describeSurface(conjugatorSurface);
