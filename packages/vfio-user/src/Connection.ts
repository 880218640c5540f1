/**
 * One connection as the protocol sees it: whole messages out, a stream of bytes in, descriptors with either. Transports implement it; callbacks and not
 * effects, because a message costs about a microsecond. Source: section 1 and 16 of the vfio-user specification.
 */

/** What a transport tells of a connection. It calls one after the other, and none after `closed`. */
export interface Receiver {
  /**
   * Bytes of the stream in any split, the receiver's only until it returns; a plain `Uint8Array`, and no `Buffer`, whose `slice` does not copy. `descriptors` belong to the last message that starts in `bytes`; from now
   * on the receiver owns them and closes them.
   */
  readonly received: (bytes: Uint8Array, descriptors: ReadonlyArray<number>) => void
  /** Less than the limit is queued again, after a `send` that gave false. */
  readonly drained: () => void
  /** The connection has ended, `undefined`: as the peer or `close` wanted it. */
  readonly closed: (failure: Error | undefined) => void
}

export interface Connection {
  /** Whether descriptors can be sent and come in. */
  readonly passesDescriptors: boolean
  /**
   * Sends whole messages: `bytes` goes out in one write as far as the kernel takes it, and nothing is written before its rest. The transport owns `bytes`
   * from now on. `descriptors` go with the first byte, so `bytes` is then the one message that they belong to; at most 16. The caller still owns them, and
   * may close them when `send` has returned.
   * False: much is queued, wait for `drained`. After the end of the connection it does nothing.
   */
  readonly send: (bytes: Uint8Array, descriptors?: ReadonlyArray<number>) => boolean
  /** No more is received until `resume`. */
  readonly pause: () => void
  readonly resume: () => void
  /** Ends the connection; what is queued is still sent unless the peer does not take it. */
  readonly close: () => void
}

/** Makes what receives from a new connection. */
export type Accept = (connection: Connection) => Receiver

/** Closes a descriptor of this process. Each is closed once. */
export type CloseDescriptor = (descriptor: number) => void
