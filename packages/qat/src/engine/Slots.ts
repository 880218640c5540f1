/**
 * Which responses of a bank still have to be placed after a crash, read off the response ring: nothing else knows whether the guest has taken one between
 * its writing and the record of it. Source: section 1.3 of the firmware specification for what drivers leave in a slot.
 *
 * P1 The word that gives response i to the guest is written after all the rest of response i and response i + 1, behind the last one after a witness
 *    (`Witness.ts`). So of the furthest trace in the ring, which no guest may touch, all is placed that lies two or more before it; that one itself is not.
 * P2 A trace is the command and the guest's own number, which are the same in a response that says that the request failed. A free slot that has them
 *    already (`isStale`) is made blank before the response is recorded.
 * P3 The one before the furthest trace: its slot shows it (placed), or is overwritten (taken), or lacks its first word. Then it was not given yet, or taken by a
 *    driver that only marks slots: drivers take responses in order, so it was not given where the one before it was not taken, or was overwritten.
 */
import { responseBytes } from "../Outcome.ts"
import { Stage } from "./Witness.ts"

/** What a driver writes into the first word of a slot that it has taken, and some into every byte. */
const emptyWord = 0x7f7f_7f7f
const emptyByte = 0x7f
const firstWord = 4
/** Where command and number are, in bytes of a response. */
const traceFrom = 7
const traceTo = 16

export const equal = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && one.every((byte, index) => byte === other[index])

const isMarked = (slot: Uint8Array): boolean =>
  new DataView(slot.buffer, slot.byteOffset, slot.byteLength).getUint32(0, true) === emptyWord

const isOverwritten = (slot: Uint8Array): boolean => slot.every((byte) => byte === emptyByte)

/** Whether the slot that begins at `at`, free as it is, has the trace of a response that is to come: of a taken one of the lap before, for instance. */
export const isStale = (slots: Uint8Array, at: number, response: Uint8Array): boolean => {
  for (let byte = traceFrom; byte < traceTo; byte++) if (slots[at + byte] !== response[byte]) return false
  return true
}

/** What a stale slot is filled with, from its second word on: such a response there is none, and drivers that overwrite slots leave the same. */
export const blank: Uint8Array = new Uint8Array(responseBytes - firstWord).fill(emptyByte)

/**
 * From which response on they have to be written; their number if none has. `slots`: what the ring has in their places; `before`: in the place before the
 * first; `stage`: what the witness says.
 */
export const firstMissing = (
  responses: ReadonlyArray<Uint8Array>,
  slots: ReadonlyArray<Uint8Array>,
  before: Uint8Array,
  stage: Stage
): number => {
  if (stage === Stage.all) return responses.length
  const shows = responses.map((response, index) => {
    const slot = slots[index]
    return slot !== undefined && isStale(slot, 0, response)
  })
  const furthest = stage === Stage.lastPending ? responses.length : shows.lastIndexOf(true)
  const one = furthest - 1
  const slot = slots[one]
  if (slot === undefined) return Math.max(0, furthest)
  const previous = slots[one - 1] ?? before
  const isUntaken = !isMarked(previous) || isOverwritten(previous)
  return shows[one] === true && isMarked(slot) && isUntaken ? one : furthest
}
