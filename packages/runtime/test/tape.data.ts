/** What tests write to tapes: an identity, and entries whose bytes tell their version. */
import type { TapeIdentity } from "@stopcopy/runtime"
import { tapeFileName } from "@stopcopy/runtime/tapes"
import { join } from "node:path"

export const journalId = "00112233445566778899aabbccddeeff"

export const identity: TapeIdentity = {
  stream: "device/0",
  behavior: "device",
  schemaVersion: 3,
  type: "Written",
  entryBytes: 12
}

/** A time that needs more than 32 bits, as real ones do. */
export const startTime = 1_700_000_000_000_000

/** Byte `at` of the entry with this version. */
const byteOf = (version: number, at: number): number => (version * 31 + at * 7 + 1) & 0xff

/** `count` entries, one after the other. */
export const entriesOf = (firstVersion: number, count: number, entryBytes = identity.entryBytes): Uint8Array =>
  Uint8Array.from({ length: count * entryBytes }, (_, index) =>
    byteOf(firstVersion + Math.floor(index / entryBytes), index % entryBytes)
  )

/** Where the tape of a stream is. */
export const pathOf = (folder: string, stream = identity.stream): string => join(folder, tapeFileName(stream))

/** Entries in one write of a child process. */
export const childBatch = 32

/** When a child process says that a version happened: all of one write together. */
export const writtenByChild = (version: number): number => startTime + Math.floor((version - 1) / childBatch)
