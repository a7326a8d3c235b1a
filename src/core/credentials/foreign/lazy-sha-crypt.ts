// What is used of @noble/hashes for SHA-crypt, and no more: a package imported dynamically by itself is bundled whole.
export { sha256, sha512 } from '@noble/hashes/sha2.js';
