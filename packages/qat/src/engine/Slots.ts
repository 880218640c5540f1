/**
 * Which responses of a bank still have to be placed after a crash, read off the response ring: nothing else knows whether the guest has taken one between
 * its writing and the record of it. Source: section 1.3 of the firmware specification for what drivers leave in a slot.
 *
 * P1 A slot in which a response would seem to be although it is not (`stale`) is made blank before the response is recorded. So a response that shows in
 *    the ring was written, and as they are written in order, all before the last one that shows were written whole; those that do not show were taken.
 * P2 A driver takes responses in order, and marks the first word of the slot of one that it has taken, or overwrites the slot whole. So a marked slot
 *    that holds the rest of a response was being written when the engine died, where the slot before it was not taken, or was overwritten.
 */
import { responseBytes } from "../Outcome.ts"
/** What a driver writes into the first word of a slot that it has taken, and some into every byte. */
const emptyWord = 0x7f7f_7f7f
const emptyByte = 0x7f
const firstWord = 4

const rest = (slot: Uint8Array): Uint8Array => slot.subarray(firstWord, responseBytes)

export const equal = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && one.every((byte, index) => byte === other[index])

const isMarked = (slot: Uint8Array): boolean =>
  new DataView(slot.buffer, slot.byteOffset, slot.byteLength).getUint32(0, true) === emptyWord

/** Whether the slot that begins at `at`, free as it is, holds all of a response that is to come but its first word: a taken one of the lap before, or the guest's own bytes. */
export const isStale = (slots: Uint8Array, at: number, response: Uint8Array): boolean => {
  for (let byte = firstWord; byte < responseBytes; byte++) if (slots[at + byte] !== response[byte]) return false
  return true
}

/** What a stale slot is filled with, from its second word on: such a response there is none, and drivers that overwrite slots leave the same. */
export const blank: Uint8Array = new Uint8Array(responseBytes - firstWord).fill(emptyByte)

/**
 * For each response whether it has to be written. `slots`: what the ring has in their places; `before`: in the place before the first.
 */
export const missing = (
  responses: ReadonlyArray<Uint8Array>,
  slots: ReadonlyArray<Uint8Array>,
  before: Uint8Array
): ReadonlyArray<boolean> => {
  const shows = responses.map((response, index) => {
    const slot = slots[index]
    return slot !== undefined && equal(rest(slot), rest(response))
  })
  const last = shows.lastIndexOf(true)
  const previous = slots[last - 1] ?? before
  const untaken = !isMarked(previous) || rest(previous).every((byte) => byte === emptyByte)
  return responses.map((_, index) => {
    if (index !== last) return index > last
    const slot = slots[index]
    return slot !== undefined && isMarked(slot) && untaken
  })
}
