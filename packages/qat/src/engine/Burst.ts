/**
 * The execution of some requests of one bank, in ring order, up to the point where their outcomes can be recorded: guest memory is read, nothing is
 * written. Source: section 1.2 of the firmware specification.
 */
import { Now } from "@stopcopy/runtime"
import { Effect, Either } from "effect"
import { crc32 } from "node:zlib"
import type { Work } from "../EngineWork.ts"
import { type Outcome, packBytes, responseBytes } from "../Outcome.ts"
import { answerAsymmetric } from "./Asymmetric.ts"
import { type DmaAccess, DmaFault } from "./Dma.ts"
import { BankService, execute, faultAnswer } from "./Firmware.ts"
import { asymmetricRequestBytes, decodeRequest, encodeResponse, type Executed, requestBytes } from "./Message.ts"
import { run } from "./run.ts"
import type { Staging } from "./Staging.ts"
import type { DmaWrite } from "./Steps.ts"

/**
 * Requests, and bytes of data read and written, after which a burst is recorded: the guest's first response waits for no more than that, and the process
 * does nothing else meanwhile. Compression takes some 20 times as long for a byte.
 */
const maxRequests = 128
const maxBytes = (service: number): number => (service === BankService.compression ? 1 << 18 : 1 << 22)

/** A request that was executed. */
export interface Done {
  readonly outcome: Outcome
  readonly writes: ReadonlyArray<DmaWrite>
}

/** Size of a request in a bank with this service, in bytes. */
export const requestBytesOf = (service: number): number =>
  service === BankService.asymmetric ? asymmetricRequestBytes : requestBytes

/** Outcomes as the journal has them. */
export const packed = (burst: ReadonlyArray<Done>): string =>
  Buffer.from(packBytes(burst.map(({ outcome }) => outcome)).buffer).toString("base64")

const doneOf = (
  slot: number,
  responseSlot: number,
  response: Uint8Array,
  { input, writes }: Pick<Executed, "input" | "writes">,
  fault: DmaFault | undefined
): Done => ({
  outcome: {
    slot,
    responseSlot,
    input,
    response,
    written: writes.map(({ address, bytes }) => ({ address, length: bytes.length })),
    crc32: writes.reduce((crc, { bytes }) => crc32(bytes, crc), 0),
    fault: fault === undefined ? null : { address: fault.address, length: fault.length, direction: fault.direction }
  },
  writes
})

const nothing = { input: 0, writes: [] }

/** The first of these writes that would fault, if any. */
const refused = (dma: DmaAccess, writes: ReadonlyArray<DmaWrite>, from = 0): Effect.Effect<void, DmaFault> => {
  for (let index = from; index < writes.length; index++) {
    const write = writes[index]
    if (write === undefined) break
    const may = dma.mayWrite(write.address, write.bytes.length)
    if (!Now.isNow(may))
      return Effect.zipRight(
        may,
        Effect.suspend(() => refused(dma, writes, index + 1))
      )
    if (Either.isLeft(may)) return may
  }
  return Either.void
}

/** Executes one request: what it comes to, a fault of its memory included. */
export const executeOne = (
  dma: DmaAccess,
  message: Uint8Array,
  service: number,
  slot: number,
  responseSlot: number
): Effect.Effect<Done> => {
  if (service === BankService.asymmetric) {
    return Either.right(doneOf(slot, responseSlot, answerAsymmetric(message), nothing, undefined))
  }
  const request = decodeRequest(message)
  const done = (executed: Executed, fault?: DmaFault): Done =>
    doneOf(slot, responseSlot, encodeResponse(request, executed), executed, fault)
  const work = execute(request, service)
  const checked = Now.flatMapNow("next" in work ? run(dma, work) : Either.right(work), (executed) =>
    Now.mapNow(refused(dma, executed.writes), () => done(executed))
  )
  if (!Now.isNow(checked)) return Effect.catchAll(checked, (fault) => Effect.succeed(done(faultAnswer(request), fault)))
  return Either.right(Either.isRight(checked) ? checked.right : done(faultAnswer(request), checked.left))
}

/** Addresses are compared as numbers: beyond 2^53 these are off by at most this much. */
const slack = (address: bigint): number => (address > 0x1f_ffff_ffff_ffffn ? 4096 : 0)

/**
 * Guest memory as the next request of a burst may see it: what an earlier one is going to write is not there yet, so a read of it is
 * noticed, and the request is left for the next burst.
 */
class Ahead implements DmaAccess {
  private readonly dma: DmaAccess
  private readonly from: Array<number> = []
  private readonly to: Array<number> = []
  missed = false

  constructor(dma: DmaAccess) {
    this.dma = dma
  }

  add({ address, bytes }: DmaWrite): void {
    const at = Number(address)
    this.from.push(at - slack(address))
    this.to.push(at + bytes.length + slack(address))
  }

  read(address: bigint, length: number): Effect.Effect<Uint8Array, DmaFault> {
    const at = Number(address)
    for (let index = 0; index < this.from.length; index++) {
      if (at < (this.to[index] ?? 0) && at + length > (this.from[index] ?? 0)) {
        this.missed = true
        return Either.left(new DmaFault({ address, length, direction: "read" }))
      }
    }
    return this.dma.read(address, length)
  }

  write(address: bigint, bytes: Uint8Array): Effect.Effect<void, DmaFault> {
    return this.dma.write(address, bytes)
  }

  mayWrite(address: bigint, length: number): Effect.Effect<void, DmaFault> {
    return this.dma.mayWrite(address, length)
  }
}

/** What came of a burst. */
interface Burst {
  readonly done: ReadonlyArray<Done>
  /** When the next request may go, if its SLA held it back: microseconds. */
  readonly notBefore: number | undefined
  /** The next request was let through already, and left for the next burst. */
  readonly admitted: boolean
}

/** Lets a request go, or says when to ask again. */
export type Admit = (message: Uint8Array) => number | undefined

/**
 * Fetches and executes the requests of `work`, as many as `admit` lets through. What they write is in `staging`. `base`: address of ring 0. Fails if the ring's own memory cannot be
 * reached.
 */
export const executeBurst = (
  dma: DmaAccess,
  base: bigint,
  work: Work,
  service: number,
  admit: Admit,
  staging: Staging
): Effect.Effect<Burst, DmaFault> => {
  const size = requestBytesOf(service)
  const count = Math.min(work.count, (work.transmitBytes - work.head) / size, maxRequests)
  const responses = work.receiveBytes / responseBytes
  return Now.flatMapNow(dma.read(base + BigInt(work.head), count * size), (view) => {
    // The guest may write here at any time: what is judged must be what is used.
    const messages = view.slice()
    const ahead = new Ahead(dma)
    const all: Array<Done> = []
    const limit = maxBytes(service)
    let total = 0
    const take = ({ outcome, writes }: Done): boolean => {
      if (ahead.missed) return false
      all.push({ outcome, writes: writes.map(({ address, bytes }) => ({ address, bytes: staging.keep(bytes) })) })
      total += outcome.input
      for (const write of writes) {
        ahead.add(write)
        total += write.bytes.length
      }
      return total < limit
    }
    const ended = (): Burst => ({ done: all, notBefore: undefined, admitted: ahead.missed })
    const next = (from: number): Effect.Effect<Burst> => {
      for (let index = from; index < count; index++) {
        const message = messages.subarray(index * size, (index + 1) * size)
        const notBefore = admit(message)
        if (notBefore !== undefined) return Either.right({ done: all, notBefore, admitted: false })
        const done = executeOne(
          ahead,
          message,
          service,
          work.head / size + index,
          (work.responseSlot + index) % responses
        )
        if (!Now.isNow(done)) {
          return Effect.flatMap(done, (later) => (take(later) ? next(index + 1) : Effect.succeed(ended())))
        }
        if (Either.isLeft(done) || !take(done.right)) break
      }
      return Either.right(ended())
    }
    return next(0)
  })
}
