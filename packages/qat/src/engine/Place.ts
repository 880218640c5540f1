/**
 * Bringing outcomes to the guest: the data that a request writes, then its response, bytes 4 to 31 before the word that a driver polls. Source:
 * section 1.3 of the firmware specification.
 *
 * P1 An outcome is recorded before any of it reaches guest memory, and executed once: after a crash its data is found there, by its
 *    checksum, or made again from a source that is untouched, which gives the same checksum. Where neither holds, a crash tore a
 *    write apart, and the response says that it failed.
 * P2 A response that may have been placed before a crash is placed again, unless the guest has taken it: `Slots.ts`.
 */
import { Effect, Either } from "effect"
import { Now } from "@stopcopy/runtime"
import { crc32 } from "node:zlib"
import { type Outcome, responseBytes } from "../Outcome.ts"
import { type Done, executeOne, requestBytesOf } from "./Burst.ts"
import type { DmaAccess, DmaFault } from "./Dma.ts"

import { blank, equal, isStale, missing } from "./Slots.ts"
import type { DmaWrite } from "./Steps.ts"

const firstWord = 4

/** Writes in order. Fails with the first that faults. */
export const writeAll = (dma: DmaAccess, writes: ReadonlyArray<DmaWrite>, from = 0): Effect.Effect<void, DmaFault> => {
  for (let index = from; index < writes.length; index++) {
    const write = writes[index]
    if (write === undefined) break
    const written = dma.write(write.address, write.bytes)
    if (!Now.isNow(written)) return Effect.flatMap(written, () => writeAll(dma, writes, index + 1))
    if (Either.isLeft(written)) return written
  }
  return Either.void
}

/**
 * Puts a response into its slot. `base`: address of ring 1. Memory at hand is written in two steps, the polled word last. Memory that answers later is
 * written whole: between two messages a process may die, and the half of a response in a marked slot would look like one that was taken.
 */
export const writeResponse = (
  dma: DmaAccess,
  base: bigint,
  { response, responseSlot }: Pick<Outcome, "response" | "responseSlot">
): Effect.Effect<void, DmaFault> => {
  const address = base + BigInt(responseSlot * responseBytes)
  const behind = dma.write(address + BigInt(firstWord), response.subarray(firstWord))
  if (!Now.isNow(behind)) return dma.write(address, response)
  return Now.flatMapNow(behind, () => dma.write(address, response.subarray(0, firstWord)))
}

/**
 * Places the outcomes of a burst in order, as long as the memory is at hand and takes everything; how many that were. `base`: address of
 * ring 1.
 */
export const placeNow = (dma: DmaAccess, base: bigint, burst: ReadonlyArray<Done>): number => {
  for (const [index, { outcome, writes }] of burst.entries()) {
    const placed = Now.flatMapNow(writeAll(dma, writes), () => writeResponse(dma, base, outcome))
    if (!Now.isNow(placed) || Either.isLeft(placed)) return index
  }
  return burst.length
}

/**
 * Makes blank what is in the free slots of a burst and would be taken for its responses (P1 of `Slots.ts`). Before they are recorded; drivers look at
 * the first word of a slot, which stays. `base`: address of ring 1.
 */
export const clearStale = (
  dma: DmaAccess,
  base: bigint,
  burst: ReadonlyArray<Done>,
  from = 0
): Effect.Effect<void, DmaFault> => {
  const first = burst[from]
  if (first === undefined) return Either.void
  const { responseSlot } = first.outcome
  let end = from + 1
  while (burst[end]?.outcome.responseSlot === responseSlot + end - from) end++
  const address = base + BigInt(responseSlot * responseBytes)
  const cleared = Now.flatMapNow(dma.read(address, (end - from) * responseBytes), (slots) =>
    writeAll(dma, staleOf(slots, address, burst, from, end))
  )
  return Now.flatMapNow(cleared, () => clearStale(dma, base, burst, end))
}

const none: ReadonlyArray<DmaWrite> = []

/** The writes that make stale slots blank. `slots`: those of the responses `from` to `end`, `address` where they are. */
const staleOf = (
  slots: Uint8Array,
  address: bigint,
  burst: ReadonlyArray<Done>,
  from: number,
  end: number
): ReadonlyArray<DmaWrite> => {
  let stale = none
  for (let index = from; index < end; index++) {
    const response = burst[index]?.outcome.response
    const at = (index - from) * responseBytes
    if (response === undefined || !isStale(slots, at, response)) continue
    stale = [...stale, { address: address + BigInt(at + firstWord), bytes: blank }]
  }
  return stale
}

/** For each outcome whether its response still has to be placed (P2). `base`: address of ring 1, which has `slots` slots. */
export const missingResponses = (
  dma: DmaAccess,
  base: bigint,
  slots: number,
  outcomes: ReadonlyArray<Outcome>
): Effect.Effect<ReadonlyArray<boolean>, DmaFault> =>
  Effect.gen(function* () {
    const slotAt = (slot: number) =>
      Effect.map(dma.read(base + BigInt(slot * responseBytes), responseBytes), (bytes) => bytes.slice())
    const [first] = outcomes
    if (first === undefined) return []
    const before = yield* slotAt((first.responseSlot + slots - 1) % slots)
    const there = yield* Effect.forEach(outcomes, ({ responseSlot }) => slotAt(responseSlot))
    return missing(
      outcomes.map(({ response }) => response),
      there,
      before
    )
  })

/** Whether the data that an outcome tells of is in guest memory. */
const isThere = (dma: DmaAccess, { written, crc32: sum }: Outcome): Effect.Effect<boolean, DmaFault> =>
  Effect.gen(function* () {
    let crc = 0
    for (const { address, length } of written) crc = crc32(yield* dma.read(address, length), crc)
    return crc === sum
  })

/**
 * Makes sure that the data of an outcome that was recorded by an earlier process is in guest memory (P1). False if it cannot be had any more.
 * `base`: address of ring 0; `service`: what the bank serves.
 */
export const restoreData = (
  dma: DmaAccess,
  base: bigint,
  service: number,
  outcome: Outcome
): Effect.Effect<boolean, DmaFault> =>
  Effect.gen(function* () {
    if (yield* isThere(dma, outcome)) return true
    const size = requestBytesOf(service)
    const message = yield* dma.read(base + BigInt(outcome.slot * size), size)
    const again = yield* executeOne(dma, message.slice(), service, outcome.slot, outcome.responseSlot)
    if (again.outcome.crc32 !== outcome.crc32 || !equal(again.outcome.response, outcome.response)) return false
    yield* writeAll(dma, again.writes)
    return true
  })
