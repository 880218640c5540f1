/** Why the symmetric service does not do a request, and how it says so. Source: section 8.2 of the firmware specification. */
import { answer, type Executed, Status } from "../Message.ts"

/** Something we do not offer, or parameters that contradict each other or the buffers. */
export type Refusal = "unsupported" | "invalid"

// Drivers look at the crypto error alone, so it goes with each of them.
const statuses = {
  unsupported: Status.cryptoError | Status.unsupported,
  invalid: Status.cryptoError | Status.invalidParameter
} as const

/** The answer to a refused request: no data is touched. */
export const refuse = (refusal: Refusal): Executed => answer(statuses[refusal])

/** Whether a rule said no. */
export const isRefusal = (value: unknown): value is Refusal => typeof value === "string"

/**
 * The most bytes of data, or of additional authenticated data, that one request may ask for. It bounds what a guest can make us hold;
 * the drivers' requests stay far below.
 */
export const maxBytes = 1 << 24
