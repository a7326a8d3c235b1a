// What is used of @noble/hashes for scrypt, and no more: a package imported dynamically by itself is bundled whole.
export { scrypt } from '@noble/hashes/scrypt.js';
