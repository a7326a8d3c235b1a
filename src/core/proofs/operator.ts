// What a proof that an operator makes on the command line shares with those that the Worker makes: no code of its own.

/** Who requested a proof that an operator made. No mail carried it, so it proves no address. */
export const OPERATOR = 'operator';

/** How long the link of a reset is good for. A reset is done at once. */
export const RESET_SECONDS = 60 * 60;

/** Characters from the end of a hash: enough to tell two hashes apart, and without the salt no hash to guess at. */
export const PASSWORD_MARK_LENGTH = 32;
