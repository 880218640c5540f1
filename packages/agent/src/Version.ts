/**
 * The version of the contract between a coordinator and a host, and how it is said on the wire: as a header of every request
 * and of every answer, so that it is known before anything of the contract is read.
 */

/**
 * Rises with every change that an older side would misread: a field that is no longer sent, a new state, another rule.
 * A field that is only added, with a default, leaves it as it is. Both sides must have the same number.
 */
export const contractVersion = 1

/** The HTTP header that carries the number, in requests and in answers. */
export const contractHeader = "stopcopy-agent-contract"
