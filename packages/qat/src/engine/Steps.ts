/**
 * The processing of one request as a coroutine: it asks for guest memory, and gives at its end what is to be written and answered. It
 * has no effect of its own, so that the same code runs over memory at hand and over memory that a peer must be asked for, and
 * nothing reaches the guest before it is recorded.
 *
 * S1 All reads come before all writes: what a request reads is what the guest had put there.
 * S2 Bytes read may be a view of guest memory: they are not changed, and not kept beyond the request.
 * S3 A read that faults ends the request: the coroutine is not resumed.
 */

/** A read that the request needs: `length` bytes of guest memory from `address` on. */
export interface DmaRead {
  readonly address: bigint
  readonly length: number
}

/** What is to be written at `address`. */
export interface DmaWrite {
  readonly address: bigint
  readonly bytes: Uint8Array
}

export type Steps<A> = Generator<DmaRead, A, Uint8Array>

const nothing = new Uint8Array(0)

/** `length` bytes of guest memory. None are asked for if there are none. */
export function* read(address: bigint, length: number): Steps<Uint8Array> {
  return length === 0 ? nothing : yield { address, length }
}
