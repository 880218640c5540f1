/**
 * A guest at work on one VF: requests that ask for nothing go through the rings of bank 0, and each must be answered once, in order. Its memory goes along with it: both
 * hosts see the same. Source: sections 1 and 2.3 of the firmware specification.
 */
import type { Errno } from "@stopcopy/errno"
import { type Ledger, type QatVfioPci, Registers } from "@stopcopy/qat"
import type { JournalError } from "@stopcopy/runtime"
import type { DmaAccess } from "@stopcopy/vfio"
import { overRegions } from "@stopcopy/qat/engine"
import { Effect } from "effect"
import type { Fuse } from "./Fuse.ts"

/** Where memory begins for the device; sizes in bytes. */
export const guestBase = 0x1_2000_0000n
const responsesAt = 0x1000
const memoryBytes = 0x2000
const requestBytes = 128
const responseBytes = 32
/** Requests that a ring holds; at most one less is in flight. */
const depth = 16
/** What an empty slot of the response ring holds, in every byte. */
const empty = 0x7f

const sizeCode = (bytes: number): number => Math.log2(bytes) - 6

type Driver = Pick<QatVfioPci.QatVfioPci, "writeRegister">
type Step = Effect.Effect<void, Errno | JournalError>

/** Waits for ever, and is forgotten when nobody else knows of it: `Effect.never` has a timer that keeps all it holds. */
export const forgotten = Effect.async<never>(() => undefined)

export class Guest {
  private readonly memory = new Uint8Array(memoryBytes)
  private readonly view = new DataView(this.memory.buffer)
  private readonly wrong: Array<number> = []
  private submitted = 0
  private taken = 0
  /** Requests that the device was told of, and responses whose slots were given back. */
  private told = 0
  private returned = 0

  /** Memory as the device of a process has it: one that has ended reaches it no more. */
  dma(fuse: Fuse): DmaAccess {
    const plain = overRegions([{ address: guestBase, bytes: this.memory }])
    return {
      read: (address, length) => (fuse.blown ? forgotten : plain.read(address, length)),
      write: (address, bytes) => (fuse.blown ? forgotten : plain.write(address, bytes)),
      mayWrite: plain.mayWrite
    }
  }

  get isAnswered(): boolean {
    return this.taken === this.submitted
  }

  get count(): number {
    return this.submitted
  }

  /** What the ledger has to agree with. */
  get account(): Ledger.GuestAccount {
    const { submitted, taken, wrong } = this
    return { bank: 0, submitted, taken, wrong, waitsForInterrupts: false }
  }

  private ring(driver: Driver, ring: number, name: Registers.RingRegisterName, value: number): Step {
    return driver.writeRegister(0, Registers.ringOffset(name, ring), value)
  }

  /** Rings empty and configured, the arbiter on. */
  setup(driver: Driver): Step {
    return Effect.gen(this, function* () {
      this.memory.fill(empty, responsesAt)
      for (const [ring, place] of [0, responsesAt].entries()) {
        yield* this.ring(driver, ring, "LBASE", Number((guestBase + BigInt(place)) & 0xffff_ffffn))
        yield* this.ring(driver, ring, "UBASE", Number(guestBase >> 32n))
      }
      yield* this.ring(driver, 0, "CONFIG", sizeCode(depth * requestBytes))
      yield* this.ring(driver, 1, "CONFIG", sizeCode(depth * responseBytes))
      yield* driver.writeRegister(0, Registers.csrs[Registers.csrIndex.RING_SRV_ARB_EN].offset, 1)
    })
  }

  /** The request of this number: NULL, with its number as opaque data. */
  private put(number: number): void {
    const at = (number % depth) * requestBytes
    this.memory.fill(0, at, at + requestBytes)
    this.memory.set([0, 1, 0, 0x80], at)
    this.view.setBigUint64(at + 24, BigInt(number), true)
  }

  /** Takes the responses that are there. */
  private take(): void {
    for (;;) {
      const at = responsesAt + (this.taken % depth) * responseBytes
      if (this.view.getUint32(at, true) === 0x7f7f_7f7f) return
      const isRight = this.view.getBigUint64(at + 8, true) === BigInt(this.taken) && this.memory[at + 6] === 0
      if (!isRight) this.wrong.push(this.taken)
      this.memory.fill(empty, at, at + responseBytes)
      this.taken++
    }
  }

  /** Takes what is there, and submits so many requests if there is room. What the device could not be told of it is told the next time. */
  step(driver: Driver, wish: number): Step {
    return Effect.suspend(() => {
      this.take()
      const count = Math.min(wish, depth - 1 - (this.submitted - this.taken))
      for (let each = 0; each < count; each++) this.put(this.submitted++)
      const { submitted, taken } = this
      const tail = Effect.suspend(() => this.ring(driver, 0, "TAIL", (submitted % depth) * requestBytes))
      const head = Effect.suspend(() => this.ring(driver, 1, "HEAD", (taken % depth) * responseBytes))
      return Effect.gen(this, function* () {
        if (this.told < submitted) yield* tail
        this.told = submitted
        if (this.returned < taken) yield* head
        this.returned = taken
      })
    })
  }
}
