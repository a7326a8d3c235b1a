// What proofs of the command line share with those of the Worker. Imports nothing, so that both can use it.

/** Who requested a proof that an operator made. No mail carried it, so it proves no address. */
export const OPERATOR = 'operator';

/** How long the link of a reset is good for. A reset is done at once. */
export const RESET_SECONDS = 60 * 60;

/**
 * Characters from the end of a hash: enough to distinguish two hashes, and too few to guess passwords without the salt.
 */
export const PASSWORD_MARK_LENGTH = 32;
