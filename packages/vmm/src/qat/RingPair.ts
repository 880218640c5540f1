/**
 * The two rings of a bank as drivers use them: requests go in, responses come out in the same order. Sources: K `adf_transport.c`, DPDK `qat_qp.c`; section 1 of
 * the firmware specification.
 *
 * R1 At most one request less than the ring holds is in flight, counted here: the request ring's head and the response ring's tail are never read.
 * R2 A slot of the response ring holds a response when its first word is not 0x7f7f7f7f. Who polls gives slots back late, when more than 32 were taken; who is
 *    interrupted, at once.
 */
import { type EFAULT, EINVAL } from "@stopcopy/errno"
import { Registers } from "@stopcopy/qat"
import { Effect, Either } from "effect"
import type { AccessError, Attachment } from "../Attachment.ts"
import { because } from "../internal/words.ts"
import type { Arena } from "../memory/Arena.ts"
import { type DriverError, RingFull } from "./errors.ts"
import { requestBytes, responseBytes } from "./Requests.ts"

const bar = 0
/** What an empty slot holds in every byte; its first word marks it. */
const empty = 0x7f
const emptyWord = 0x7f7f_7f7f
const lazySlots = 32
/** RING_CONFIG of a response ring: nearly full at 512 bytes. */
const responseWatermark = 0x2000
/** Interrupts of either ring: when it is empty no more. INT_FLAG: both rings. */
const whenNotEmpty = 0x44
const bothRings = 3
const responseRing = 1 << Registers.receive
/** The coalescing timer of the kernel driver, in units of 256 ns. */
const usualTimer = 0x27ff

export interface RingOptions {
  /** Requests that the ring holds, a power of two from 128 to 4096. Default 128. */
  readonly depth?: number
  /** The bank interrupts when there are responses. Default: it does not, the driver polls. */
  readonly interrupts?: boolean
  /** Coalescing timer, in units of 256 ns. Default 0x27ff, 2.6 ms. */
  readonly timer?: number
}

const leastDepth = 128
const mostDepth = 4096

const badDepth = (depth: number): EINVAL =>
  new EINVAL(
    because(
      "ring.depth",
      "a ring holds a power of two of requests",
      "depth",
      `${depth}`,
      `${leastDepth} to ${mostDepth}`,
      "use 128"
    )
  )

/** RING_CONFIG size code of a ring of so many bytes. */
const sizeCode = (bytes: number): number => Math.log2(bytes) - 6

export class RingPair {
  readonly bank: number
  readonly depth: number
  readonly interrupts: boolean
  private readonly attachment: Attachment
  private readonly timer: number
  private readonly requests: bigint
  private readonly responses: bigint
  private tail = 0
  private head = 0
  /** Slots that were taken and not given back. */
  private taken = 0
  private flying = 0

  private constructor(
    attachment: Attachment,
    bank: number,
    rings: readonly [requests: bigint, responses: bigint],
    options: Required<RingOptions>
  ) {
    this.attachment = attachment
    this.bank = bank
    ;[this.requests, this.responses] = rings
    this.depth = options.depth
    this.interrupts = options.interrupts
    this.timer = options.timer
  }

  /** Rings in memory of the arena, empty and configured, with the arbiter on. */
  static open(
    attachment: Attachment,
    arena: Arena,
    bank: number,
    { depth = leastDepth, interrupts = false, timer = usualTimer }: RingOptions = {}
  ): Effect.Effect<RingPair, DriverError> {
    return Effect.gen(function* () {
      if (!Number.isInteger(Math.log2(depth)) || depth < leastDepth || depth > mostDepth) return yield* badDepth(depth)
      const requests = yield* arena.take(depth * requestBytes, depth * requestBytes)
      const responses = yield* arena.take(depth * responseBytes, depth * responseBytes)
      const pair = new RingPair(attachment, bank, [requests, responses], { depth, interrupts, timer })
      yield* pair.setUp
      return pair
    })
  }

  /** Requests without a response yet. */
  get inFlight(): number {
    return this.flying
  }

  /** How many more may be submitted. */
  get room(): number {
    return this.depth - 1 - this.flying
  }

  private at(offset: number): number {
    return Registers.bankStride * this.bank + offset
  }

  private ring(ring: number, name: Registers.RingRegisterName, value: number): Effect.Effect<void, AccessError> {
    return this.attachment.write32(bar, this.at(Registers.ringOffset(name, ring)), value)
  }

  private csr(name: Registers.CsrName, value: number): Effect.Effect<void, AccessError> {
    return this.attachment.write32(bar, this.at(Registers.csrs[Registers.csrIndex[name]].offset), value)
  }

  private fill(address: bigint, length: number): Either.Either<void, EFAULT> {
    return this.attachment.memory.write(address, new Uint8Array(length).fill(empty))
  }

  private get setUp(): Effect.Effect<void, DriverError> {
    return Effect.gen(this, function* () {
      yield* this.fill(this.requests, this.depth * requestBytes)
      yield* this.fill(this.responses, this.depth * responseBytes)
      yield* this.csr("INT_FLAG", bothRings)
      yield* this.csr("INT_SRCSEL", whenNotEmpty)
      for (const [ring, address] of [this.requests, this.responses].entries()) {
        yield* this.ring(ring, "LBASE", Number(address & 0xffff_ffffn))
        yield* this.ring(ring, "UBASE", Number(address >> 32n))
      }
      yield* this.ring(Registers.transmit, "CONFIG", sizeCode(this.depth * requestBytes))
      yield* this.ring(Registers.receive, "CONFIG", responseWatermark | sizeCode(this.depth * responseBytes))
      yield* this.arbitrate((bits) => bits | 1)
      if (!this.interrupts) return
      yield* this.csr("INT_COL_EN", responseRing)
      yield* this.csr("INT_COL_CTL", (Registers.coalescingEnable | this.timer) >>> 0)
    })
  }

  private arbitrate(change: (bits: number) => number): Effect.Effect<void, AccessError> {
    const offset = this.at(Registers.csrs[Registers.csrIndex.RING_SRV_ARB_EN].offset)
    return Effect.flatMap(this.attachment.read32(bar, offset), (bits) =>
      this.attachment.write32(bar, offset, change(bits))
    )
  }

  /** The rings are used no more. */
  get close(): Effect.Effect<void, AccessError> {
    return Effect.gen(this, function* () {
      yield* this.csr("INT_COL_EN", 0)
      yield* this.arbitrate((bits) => bits & ~1)
      yield* this.ring(Registers.transmit, "CONFIG", 0)
      yield* this.ring(Registers.receive, "CONFIG", 0)
    })
  }

  /** What the tail is to become for the device to see all requests that are in the ring, in bytes. */
  get next(): number {
    return this.tail
  }

  /** Puts requests into the ring without telling the device. All or none. */
  stage(requests: ReadonlyArray<Uint8Array>): Either.Either<void, RingFull | EFAULT> {
    const { bank, room } = this
    if (requests.length > room) return Either.left(new RingFull({ bank, room, wanted: requests.length }))
    for (const request of requests) {
      const written = this.attachment.memory.write(this.requests + BigInt(this.tail), request)
      if (Either.isLeft(written)) return Either.left(written.left)
      this.tail = (this.tail + requestBytes) % (this.depth * requestBytes)
      this.flying++
    }
    return Either.void
  }

  /** Submits requests in order, with one write of the tail. All or none. */
  submit(requests: ReadonlyArray<Uint8Array>): Effect.Effect<void, RingFull | EFAULT | AccessError> {
    return Effect.suspend((): Effect.Effect<void, RingFull | EFAULT | AccessError> => {
      const staged = this.stage(requests)
      if (Either.isLeft(staged)) return Either.left(staged.left)
      return requests.length === 0 ? Effect.void : this.ring(Registers.transmit, "TAIL", this.tail)
    })
  }

  /** The response in the next slot, which is marked as empty; undefined if there is none. */
  private takeNext(): Either.Either<Uint8Array | undefined, EFAULT> {
    const address = this.responses + BigInt(this.head)
    return Either.flatMap(this.attachment.memory.readU32(address), (word) => {
      if (word === emptyWord) return Either.right(undefined)
      const bytes = this.attachment.memory.read(address, responseBytes)
      return Either.flatMap(bytes, () => Either.flatMap(this.fill(address, responseBytes), () => bytes))
    })
  }

  /** Takes the responses that are there, 32 bytes each, in the order of their requests. */
  get take(): Effect.Effect<ReadonlyArray<Uint8Array>, EFAULT | AccessError> {
    return Effect.suspend((): Effect.Effect<ReadonlyArray<Uint8Array>, EFAULT | AccessError> => {
      const found: Array<Uint8Array> = []
      for (;;) {
        const next = this.takeNext()
        if (Either.isLeft(next)) return Either.left(next.left)
        if (next.right === undefined) break
        found.push(next.right)
        this.head = (this.head + responseBytes) % (this.depth * responseBytes)
        // One that nobody asked for is given all the same: whoever takes it knows what is in flight.
        this.flying = Math.max(0, this.flying - 1)
        this.taken++
      }
      if (this.taken === 0 || (!this.interrupts && this.taken <= lazySlots)) return Effect.succeed(found)
      this.taken = 0
      return Effect.as(this.ring(Registers.receive, "HEAD", this.head), found)
    })
  }

  /** What an interrupt handler does: masks the bank, takes the responses, arms it again. */
  get serve(): Effect.Effect<ReadonlyArray<Uint8Array>, EFAULT | AccessError> {
    return Effect.gen(this, function* () {
      yield* this.csr("INT_FLAG_AND_COL", 0)
      const found = yield* this.take
      yield* this.csr("INT_FLAG_AND_COL", responseRing)
      return found
    })
  }
}
