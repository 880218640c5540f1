/**
 * Bringing outcomes to the guest: the data that a request writes, then its response, the word that a driver polls last. Source:
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
import { equal, isTrace, tracesOf } from "./Slots.ts"
import type { DmaWrite } from "./Steps.ts"
import { type Burst, isWitness, witness } from "./Witness.ts"

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

/** Where responses of a bank go. */
export interface Ring {
  readonly dma: DmaAccess
  /** Address of ring 1, and how many slots it has. */
  readonly base: bigint
  readonly slots: number
  /** The burst that is placed. */
  readonly burst: Burst
}

type Placed = Pick<Outcome, "response" | "responseSlot">

const slotAt = ({ base, slots }: Ring, slot: number): bigint => base + BigInt((slot % slots) * responseBytes)

/** Where the second word of a slot is: the first one is the driver's. */
const second = 4n

/** Leaves the traces of a burst in its slots, then its witness behind them (P1 of `Slots.ts`). Nothing of it may be given yet. */
export const prepare = (ring: Ring, burst: ReadonlyArray<Placed>): Effect.Effect<void, DmaFault> => {
  const [first, last] = [burst[0], burst.at(-1)]
  if (first === undefined || last === undefined) return Either.void
  const traces = tracesOf(burst.map(({ response }) => response))
  const straight = Math.min(burst.length, ring.slots - first.responseSlot) * responseBytes
  const writes = [
    { address: slotAt(ring, first.responseSlot), bytes: traces.subarray(0, straight) },
    { address: ring.base, bytes: traces.subarray(straight) },
    { address: slotAt(ring, last.responseSlot + 1) + second, bytes: witness(ring.burst) }
  ]
  return writeAll(
    ring.dma,
    writes.filter(({ bytes }) => bytes.length > 0)
  )
}

/** What is written last of a response, in bytes: the word that drivers poll, and what tells a response from its trace, with one store. */
const giving = 8
const behindGiving = BigInt(giving)

/**
 * Gives a response to the guest. Memory at hand is written in two steps, the polled word last. Memory that answers later is written whole: between two messages
 * a process may die. False where nobody knows whether the guest has it.
 */
export const giveResponse = (ring: Ring, { response, responseSlot }: Placed): Effect.Effect<boolean, DmaFault> => {
  const { dma } = ring
  const address = slotAt(ring, responseSlot)
  const behind = dma.write(address + behindGiving, response.subarray(giving))
  if (!Now.isNow(behind)) return dma.writeOnce?.(address, response) ?? Effect.as(dma.write(address, response), true)
  return Now.flatMapNow(behind, () => Now.mapNow(dma.write(address, response.subarray(0, giving)), () => true))
}

const isDone = (written: Effect.Effect<unknown, DmaFault>): boolean => Now.isNow(written) && Either.isRight(written)

/** The last 8 bytes that are written of a response, for memory at hand: such a write keeps nothing of them. */
const last = new Uint8Array(giving)

/** The same for memory at hand; true if it is done. */
const giveNow = (ring: Ring, { response, responseSlot }: Placed): boolean => {
  const address = slotAt(ring, responseSlot)
  if (!isDone(ring.dma.write(address + behindGiving, response.subarray(giving)))) return false
  for (let at = 0; at < giving; at++) last[at] = response[at] ?? 0
  return isDone(ring.dma.write(address, last))
}

/** Places the outcomes of a burst in order, as long as the memory is at hand and takes everything; how many that were. */
export const placeNow = (ring: Ring, burst: ReadonlyArray<Done>): number => {
  const outcomes = burst.map(({ outcome }) => outcome)
  if (!isDone(prepare(ring, outcomes))) return 0
  for (let index = 0; index < burst.length; index++) {
    const done = burst[index]
    if (done === undefined || !isDone(writeAll(ring.dma, done.writes)) || !giveNow(ring, done.outcome)) return index
  }
  return burst.length
}

/**
 * From which of these outcomes on responses have to be given (P2), their number if none has; undefined if nothing of the burst is prepared. They are the last
 * ones of the burst.
 */
export const firstMissingOf = (
  ring: Ring,
  outcomes: ReadonlyArray<Outcome>
): Effect.Effect<number | undefined, DmaFault> =>
  Effect.gen(function* () {
    const last = outcomes.at(-1)
    if (last === undefined) return 0
    if (!isWitness(yield* ring.dma.read(slotAt(ring, last.responseSlot + 1), responseBytes), ring.burst))
      return undefined
    for (const [index, { response, responseSlot }] of outcomes.entries()) {
      if (isTrace(yield* ring.dma.read(slotAt(ring, responseSlot), responseBytes), response)) return index
    }
    return outcomes.length
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
