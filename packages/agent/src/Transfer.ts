/**
 * How migration data crosses: chunk by chunk, each asked for or sent by a call of its own, each at its offset in the session's
 * stream. So a side never holds more than one chunk, and one whose answer was lost is asked for, or sent, again without harm.
 */
import { Schema } from "effect"
import { Bytes, Offset, SessionToken, U64 } from "./Values.ts"

/** The most bytes of one chunk: 1 MiB. A call that asks for more gets this many; a longer one to load is `E2BIG`. */
export const chunkLimit = 1024 * 1024

/** How many bytes a client asks for or sends at a time, unless told otherwise: 64 KiB. */
export const defaultChunk = 64 * 1024

/** A data transfer session that is open. */
export const Session = Schema.Struct({
  token: SessionToken,
  kind: Schema.Literal("saving", "resuming"),
  /** Where the next chunk begins. */
  offset: Offset
})
export type Session = typeof Session.Type

/** What a saving session gives. */
export const SavedChunk = Schema.Struct({
  offset: Offset,
  /** At most `chunkLimit`. Empty at an end. */
  bytes: Bytes,
  /**
   * `more`: ask again at `offset` plus the length. `now`: pre-copy has no more at the moment; more comes with the next state or when
   * the device changes. `good`: the device is in STOP_COPY and this was all.
   */
  end: Schema.Literal("more", "now", "good")
})
export type SavedChunk = typeof SavedChunk.Type

/** What a resuming session answers. */
export const LoadedChunk = Schema.Struct({
  /** Where the next chunk begins. */
  next: Offset,
  /** The chunk had been loaded before: its first answer was lost. */
  repeated: Schema.Boolean
})
export type LoadedChunk = typeof LoadedChunk.Type

/** What pre-copy has yet to give, in bytes: estimates. */
export const PrecopyInfo = Schema.Struct({ initialBytes: U64, dirtyBytes: U64 })
export type PrecopyInfo = typeof PrecopyInfo.Type
