// What is used of @noble/hashes for Argon2, and no more: a package imported dynamically by itself is bundled whole.
export { argon2i, argon2id } from '@noble/hashes/argon2.js';
