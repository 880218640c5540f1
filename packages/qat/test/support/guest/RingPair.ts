/**
 * A driver's side of one bank, for tests: sets up the two rings, submits requests, takes responses, as the drivers in the field do. Source:
 * section 1 of the firmware specification.
 */
import type { Errno } from "@stopcopy/errno"
import type { QatVfioPci, Registers } from "@stopcopy/qat"
import type { JournalError } from "@stopcopy/runtime"
import { Effect } from "effect"
import { csrOffset, ringOffset } from "../../driver/lives.ts"
import type { Memory } from "./GuestMemory.ts"

/** Sizes of a request and a response, in bytes; what an empty slot holds in every byte. */
const requestBytes = 128
const responseBytes = 32
const empty = 0x7f
/** What marks a slot as taken: its first word, in bytes. */
const markBytes = 4
/** A polling driver gives slots back when it has taken more than this many. */
const lazySlots = 32

export type Failed = Errno | JournalError

/** A response with the slot that it was in. */
export interface Response {
  readonly slot: number
  readonly bytes: Uint8Array
}

/** What the guest has at the moment: another device, and other memory with the same in it, after a migration. */
export interface Attached {
  driver: Pick<QatVfioPci.QatVfioPci, "writeRegister">
  memory: Memory
  /** How many interrupts the device has given. */
  readonly interrupts: () => number
}

/** The guest of a device that is in this process. */
export const attach = (driver: QatVfioPci.QatVfioPci, memory: Memory): Attached => ({
  driver,
  memory,
  interrupts: () => driver.vf.unsafeState().device?.interrupts ?? 0
})

interface RingPairOptions {
  /** Requests that a ring holds, a power of two from 4 on; at most one less is in flight. */
  readonly depth?: number
  /** `polling`: gives slots back late, asks for no interrupt. `interrupts`: at once, with the bank's interrupt coalesced. */
  readonly kind?: "polling" | "interrupts"
  /** Coalescing timer, in units of 256 ns. */
  readonly timer?: number
}

/** RING_CONFIG size code of a ring of so many bytes. */
const sizeCode = (bytes: number): number => Math.log2(bytes) - 6

export class RingPair {
  readonly bank: number
  readonly depth: number
  readonly requests: bigint
  readonly responses: bigint
  private readonly attached: Attached
  private readonly kind: "polling" | "interrupts"
  private readonly timer: number
  private tail = 0
  private head = 0
  private taken = 0
  private flying = 0
  /** Slots that were taken and not given back. */
  private readonly blank: Array<bigint> = []

  constructor(attached: Attached, bank: number, options: RingPairOptions = {}) {
    this.attached = attached
    this.bank = bank
    this.depth = options.depth ?? 128
    this.kind = options.kind ?? "polling"
    this.timer = options.timer ?? 0x27ff
    this.requests = attached.memory.take(this.depth * requestBytes, this.depth * requestBytes)
    this.responses = attached.memory.take(this.depth * responseBytes, this.depth * responseBytes)
  }

  /** Requests without a response yet. */
  get inFlight(): number {
    return this.flying
  }

  /** How many more may be submitted. */
  get room(): number {
    return this.depth - 1 - this.flying
  }

  write(offset: number, value: number): Effect.Effect<void, Failed> {
    return Effect.suspend(() => this.attached.driver.writeRegister(0, offset, value))
  }

  private ring(ring: number, name: Registers.RingRegisterName, value: number): Effect.Effect<void, Failed> {
    return this.write(ringOffset(this.bank, ring, name), value)
  }

  private csr(name: Registers.CsrName, value: number): Effect.Effect<void, Failed> {
    return this.write(csrOffset(this.bank, name), value)
  }

  private fill(address: bigint, length: number): void {
    this.attached.memory.write(address, new Uint8Array(length).fill(empty))
  }

  /** Rings empty and configured, the arbiter on. */
  get setup(): Effect.Effect<void, Failed> {
    return Effect.gen(this, function* () {
      this.fill(this.requests, this.depth * requestBytes)
      this.fill(this.responses, this.depth * responseBytes)
      for (const [ring, address] of [this.requests, this.responses].entries()) {
        yield* this.ring(ring, "LBASE", Number(address & 0xffff_ffffn))
        yield* this.ring(ring, "UBASE", Number(address >> 32n))
      }
      yield* this.ring(0, "CONFIG", sizeCode(this.depth * requestBytes))
      yield* this.ring(1, "CONFIG", 0x2000 | sizeCode(this.depth * responseBytes))
      yield* this.csr("RING_SRV_ARB_EN", 1)
      if (this.kind === "polling") return
      yield* this.csr("INT_SRCSEL", 0x44)
      yield* this.csr("INT_COL_EN", 2)
      yield* this.csr("INT_COL_CTL", (0x8000_0000 | this.timer) >>> 0)
    })
  }

  /** Writes requests into the ring without telling the device. */
  publish(messages: ReadonlyArray<Uint8Array>): void {
    for (const message of messages) {
      if (this.room === 0) throw new RangeError(`bank ${this.bank} has no room`)
      this.attached.memory.write(this.requests + BigInt(this.tail), message)
      this.tail = (this.tail + requestBytes) % (this.depth * requestBytes)
      this.flying++
    }
  }

  /** Tells the device how far requests go. */
  get doorbell(): Effect.Effect<void, Failed> {
    return Effect.suspend(() => this.ring(0, "TAIL", this.tail))
  }

  submit(messages: ReadonlyArray<Uint8Array>): Effect.Effect<void, Failed> {
    return Effect.suspend(() => {
      this.publish(messages)
      return this.doorbell
    })
  }

  /** Takes the responses that are there, in order. */
  get poll(): Effect.Effect<ReadonlyArray<Response>, Failed> {
    return Effect.gen(this, function* () {
      const found: Array<Response> = []
      for (;;) {
        const address = this.responses + BigInt(this.head)
        const memory = this.attached.memory.at(address, responseBytes)
        if (memory.subarray(0, 4).every((byte) => byte === empty)) break
        found.push({ slot: this.head / responseBytes, bytes: memory.slice() })
        // Who is interrupted marks the slot, as the kernel does; who polls overwrites slots when it gives them back, as DPDK does.
        if (this.kind === "interrupts") this.fill(address, markBytes)
        else this.blank.push(address)
        this.head = (this.head + responseBytes) % (this.depth * responseBytes)
        this.flying--
        this.taken++
      }
      if (this.taken > 0 && (this.kind === "interrupts" || this.taken > lazySlots)) {
        this.taken = 0
        for (const address of this.blank.splice(0)) this.fill(address, responseBytes)
        yield* this.ring(1, "HEAD", this.head)
      }
      return found
    })
  }

  /** The interrupt handler: masks the bank, takes responses, arms it again. */
  get serve(): Effect.Effect<ReadonlyArray<Response>, Failed> {
    return Effect.gen(this, function* () {
      yield* this.csr("INT_FLAG_AND_COL", 0)
      const found = yield* this.poll
      yield* this.csr("INT_FLAG_AND_COL", 2)
      return found
    })
  }
}
