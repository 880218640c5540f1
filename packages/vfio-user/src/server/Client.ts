/** What the handlers of commands know of the client they answer, and how they answer. */
import type { Errno } from "@stopcopy/errno"
import type { IoAddressSpace } from "@stopcopy/vfio"
import type { Effect } from "effect"
import type { DmaToClient } from "./DmaToClient.ts"
import type { Interrupts } from "./Interrupts.ts"
import type { Served } from "./Served.ts"
import type { Passage } from "./Passage.ts"

/** What client and server agreed on in VERSION. */
export interface Negotiated {
  /** The most data the client takes in one message, in bytes. */
  readonly maxDataXferSize: number
  readonly writeMultiple: boolean
  /** The extensions of `EXTENSIONS.md`. */
  readonly p2p: boolean
  readonly dataSize: boolean
  readonly precopyInfo: boolean
}

export interface Client<E> {
  readonly served: Served<E>
  readonly space: IoAddressSpace.IoAddressSpace
  readonly interrupts: Interrupts
  readonly dma: DmaToClient
  /** What the device works on. */
  readonly memory: Passage
  readonly passesDescriptors: boolean
  negotiated: Negotiated
}

/** The payload of the reply, or why there is none. */
export type Answer<E> = Effect.Effect<Uint8Array, Errno | E>

/**
 * Answers one command. `payload` is its own copy. `descriptors` are given only to the handlers that take them, which then own them all; others find none.
 */
export type Handler = <E>(client: Client<E>, payload: Uint8Array, descriptors: ReadonlyArray<number>) => Answer<E>

/** A reply without payload. */
export const noPayload = new Uint8Array(0)
