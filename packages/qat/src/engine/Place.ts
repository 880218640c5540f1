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
import { blank, equal, firstMissing, isStale, traceOf } from "./Slots.ts"
import type { DmaWrite } from "./Steps.ts"
import { type Burst, isWitness, witness } from "./Witness.ts"

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

const second = BigInt(firstWord)

/** Leaves the trace of a response in its slot. */
export const leaveTrace = (ring: Ring, { response, responseSlot }: Placed): Effect.Effect<void, DmaFault> =>
  ring.dma.write(slotAt(ring, responseSlot) + second, traceOf(response))

/** What is written last of a response, in bytes: the word that drivers poll, and what tells a response from its trace, with one store. */
const giving = 8

/**
 * Puts a response into its slot. Memory at hand is written in two steps, the polled word last. Memory that answers later is written whole: between two messages
 * a process may die. False where nobody knows whether the guest has it.
 */
const writeResponse = (ring: Ring, { response, responseSlot }: Placed): Effect.Effect<boolean, DmaFault> => {
  const { dma } = ring
  const address = slotAt(ring, responseSlot)
  const behind = dma.write(address + BigInt(giving), response.subarray(giving))
  if (!Now.isNow(behind)) return dma.writeOnce?.(address, response) ?? Effect.as(dma.write(address, response), true)
  return Now.flatMapNow(behind, () => Now.mapNow(dma.write(address, response.subarray(0, giving)), () => true))
}

const leaveWitness = (ring: Ring, { responseSlot }: Placed): Effect.Effect<void, DmaFault> =>
  ring.dma.write(slotAt(ring, responseSlot + 1) + second, witness(ring.burst))

/** Gives a response to the guest, behind the trace of `next`, or of the end of the burst (P1 of `Slots.ts`). False where nobody knows whether it has it. */
export const giveResponse = (
  ring: Ring,
  response: Placed,
  next: Placed | undefined
): Effect.Effect<boolean, DmaFault> =>
  Now.flatMapNow(next === undefined ? leaveWitness(ring, response) : leaveTrace(ring, next), () =>
    writeResponse(ring, response)
  )

const isDone = (written: Effect.Effect<unknown, DmaFault>): boolean => Now.isNow(written) && Either.isRight(written)

/** Places the outcomes of a burst in order, as long as the memory is at hand and takes everything; how many that were. */
export const placeNow = (ring: Ring, burst: ReadonlyArray<Done>): number => {
  const [first] = burst
  if (first === undefined || !isDone(leaveTrace(ring, first.outcome))) return 0
  for (let index = 0; index < burst.length; index++) {
    const done = burst[index]
    if (done === undefined || !isDone(writeAll(ring.dma, done.writes))) return index
    if (!isDone(giveResponse(ring, done.outcome, burst[index + 1]?.outcome))) return index
  }
  return burst.length
}

/**
 * Makes blank what is in the free slots of a burst and would be taken for its responses (P2 of `Slots.ts`). Before they are recorded; drivers look at
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

/** From which of these outcomes on responses have to be placed (P2); their number if all are. They are the last ones of the burst. */
export const firstMissingOf = (ring: Ring, outcomes: ReadonlyArray<Outcome>): Effect.Effect<number, DmaFault> =>
  Effect.gen(function* () {
    const slot = (index: number) =>
      Effect.map(ring.dma.read(slotAt(ring, index), responseBytes), (bytes) => bytes.slice())
    const [first, last] = [outcomes[0], outcomes.at(-1)]
    if (first === undefined || last === undefined) return 0
    const there = yield* Effect.forEach(outcomes, ({ responseSlot }) => slot(responseSlot))
    const behind = yield* slot(last.responseSlot + 1)
    const responses = outcomes.map(({ response }) => response)
    return firstMissing(responses, there, isWitness(behind, ring.burst))
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
