/**
 * Which responses of a bank still have to be placed after a crash, read off the response ring: nothing else knows whether the guest has taken one between
 * its writing and the record of it. Source: section 1.3 of the firmware specification for what drivers leave in a slot.
 *
 * P1 Response i is given to the guest after a trace of response i + 1 is in its slot, behind the last one after a witness (`Witness.ts`). So of the
 *    furthest trace in the ring, which no guest may touch, all is given that lies two or more before it; that one itself is not.
 * P2 A trace is the command and the guest's own number in a slot that is blank otherwise. A free slot that has them already (`isStale`) is made blank before
 *    the response is recorded.
 * P3 The one before the furthest trace is not given if its slot is still a trace. Else its slot shows it, or was marked or overwritten by who took it.
 */
import { responseBytes } from "../Outcome.ts"

/** What a slot holds that a driver has overwritten. */
const emptyByte = 0x7f
const firstWord = 4
/** Where a trace is, in bytes of a slot: the first three are blank, which no response is, then command and number. */
const traceAt = 4
const traceFrom = 7
const traceTo = 16

export const equal = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && one.every((byte, index) => byte === other[index])

/** Whether a slot that has the trace of a response has nothing more of it. */
const isOnlyTrace = (slot: Uint8Array): boolean => {
  for (let byte = traceAt; byte < traceFrom; byte++) if (slot[byte] !== emptyByte) return false
  return true
}

/** The trace of a response, for bytes 4 to 15 of its slot. */
export const traceOf = (response: Uint8Array): Uint8Array => {
  const trace = response.slice(traceAt, traceTo)
  return trace.fill(emptyByte, 0, traceFrom - traceAt)
}

/** Whether the slot that begins at `at`, free as it is, has the trace of a response that is to come: of a taken one of the lap before, for instance. */
export const isStale = (slots: Uint8Array, at: number, response: Uint8Array): boolean => {
  for (let byte = traceFrom; byte < traceTo; byte++) if (slots[at + byte] !== response[byte]) return false
  return true
}

/** What a stale slot is filled with, from its second word on: such a response there is none, and drivers that overwrite slots leave the same. */
export const blank: Uint8Array = new Uint8Array(responseBytes - firstWord).fill(emptyByte)

/** From which response on they have to be given; their number if none has. `slots`: what the ring has in their places; `isWitnessed`: the witness is there. */
export const firstMissing = (
  responses: ReadonlyArray<Uint8Array>,
  slots: ReadonlyArray<Uint8Array>,
  isWitnessed: boolean
): number => {
  const shows = responses.map((response, index) => {
    const slot = slots[index]
    return slot !== undefined && isStale(slot, 0, response)
  })
  const furthest = isWitnessed ? responses.length : Math.max(0, shows.lastIndexOf(true))
  const slot = slots[furthest - 1]
  return slot !== undefined && shows[furthest - 1] === true && isOnlyTrace(slot) ? furthest - 1 : furthest
}
