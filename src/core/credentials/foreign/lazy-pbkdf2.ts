// What is used of @noble/hashes for PBKDF2, and no more: a package imported dynamically by itself is bundled whole.
export { sha1 } from '@noble/hashes/legacy.js';
export { pbkdf2 } from '@noble/hashes/pbkdf2.js';
export { sha512 } from '@noble/hashes/sha2.js';
