// Until `id` is endpoints.
import { limit as makeLimit } from '../../src/http/pagination.ts';

export { after } from '../../src/http/pagination.ts';
export const limit = makeLimit();
