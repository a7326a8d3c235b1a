// What is used of @noble/hashes for phpass, and no more: a package imported dynamically by itself is bundled whole.
export { md5 } from '@noble/hashes/legacy.js';
export { sha512 } from '@noble/hashes/sha2.js';
