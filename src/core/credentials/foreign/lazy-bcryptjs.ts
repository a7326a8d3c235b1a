// What is used of bcryptjs, and no more: a package imported dynamically by itself is bundled whole.
export { hashSync } from 'bcryptjs';
