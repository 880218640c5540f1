/**
 * Which responses of a bank still have to be given after a crash, read off the response ring: nothing else knows whether the guest has taken one between
 * its writing and the record of it. Source: section 1.3 of the firmware specification for what drivers leave in a slot.
 *
 * P1 Before any response of a burst is given, each has its trace in its slot (the command and the guest's own number, all else blank), and then there is a
 *    witness in the slot behind them, which always stays free (`Witness.ts`). Without the witness none is given.
 * P2 With the witness a response is given if its slot is not its trace any more: it shows the response, or was marked or overwritten by who took it. What tells a
 *    response from its trace comes with the word that gives it.
 */
import { responseBytes } from "../Outcome.ts"

/** What drivers leave in every byte of a slot, or in its first word. */
const emptyByte = 0x7f
/** Where a trace is, in bytes of a slot: the first three are blank, which no response is, then command and number. */
const blankFrom = 4
const traceFrom = 7
const traceTo = 16

export const equal = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && one.every((byte, index) => byte === other[index])

/** Slots with the traces of responses, one behind the other. */
export const tracesOf = (responses: ReadonlyArray<Uint8Array>): Uint8Array => {
  const slots = new Uint8Array(responses.length * responseBytes).fill(emptyByte)
  let at = 0
  for (const response of responses) {
    for (let byte = traceFrom; byte < traceTo; byte++) slots[at + byte] = response[byte] ?? 0
    at += responseBytes
  }
  return slots
}

/** Whether a slot is the trace of a response. */
export const isTrace = (slot: Uint8Array, response: Uint8Array): boolean => {
  for (let byte = blankFrom; byte < traceFrom; byte++) if (slot[byte] !== emptyByte) return false
  for (let byte = traceFrom; byte < traceTo; byte++) if (slot[byte] !== response[byte]) return false
  return true
}
