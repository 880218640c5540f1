/**
 * A guest and its VMM: memory, a ring pair of one bank with AES-CBC requests, and the connection by which the VMM reaches the device. The connection may be
 * lost at any time; what the guest has in memory stays, and registers are written again. Source: sections 1 and 9.1 of the firmware specification.
 */
import { assert } from "@effect/vitest"
import { type Ledger, Registers } from "@stopcopy/qat"
import { overRegions } from "@stopcopy/qat/engine"
import type { DmaAccess } from "@stopcopy/vfio"
import { type CallError, type Client, makeClient } from "@stopcopy/vfio-user"
import { Transport } from "@stopcopy/vfio-user/transport"
import { Effect } from "effect"
import { createCipheriv } from "node:crypto"

/** Where memory begins for the device, and its size. */
const base = 0x2_0000_0000n
const memoryBytes = 1 << 17

/** Requests that a ring holds; sizes of messages, in bytes. */
const depth = 64
const requestBytes = 128
const responseBytes = 32
const markBytes = 4
/** What an empty slot of the response ring holds. */
const empty = 0x7f
/** Slots are given back when this many were taken. */
const lazySlots = 32

/** Places in memory: rings, the descriptor of the cipher, and the data of each slot. */
const places = { requests: 0, responses: 0x4000, descriptor: 0x5000, data: 0x8000 } as const
const dataBytes = 1024

const key = Buffer.from("603deb1015ca71be2b73aef0857d7781", "hex")
const iv = Buffer.from("000102030405060708090a0b0c0d0e0f", "hex")

const sizeCode = (bytes: number): number => Math.log2(bytes) - 6

type Step<A = void> = Effect.Effect<A, CallError>

export class Guest {
  readonly bank: number
  readonly memory = new Uint8Array(memoryBytes)
  readonly wrong: Array<number> = []
  submitted = 0
  taken = 0
  private readonly view = new DataView(this.memory.buffer)
  private client: Client | undefined
  private told = Effect.unsafeMakeLatch(false)
  private tail = 0
  private head = 0
  private unreturned = 0

  constructor(bank = 1) {
    this.bank = bank
  }

  get inFlight(): number {
    return this.submitted - this.taken
  }

  /** What the ledger has to agree with. */
  get account(): Ledger.GuestAccount {
    const { bank, submitted, taken, wrong } = this
    return { bank, submitted, taken, wrong, waitsForInterrupts: false }
  }

  /** Memory as the device has it; a write into the response ring wakes the guest. */
  private get dma(): DmaAccess {
    const plain = overRegions([{ address: base, bytes: this.memory }])
    return {
      ...plain,
      write: (address, bytes) => {
        const at = Number(address - base)
        const written = plain.write(address, bytes)
        if (at >= places.responses && at < places.descriptor) this.told.unsafeOpen()
        return written
      }
    }
  }

  /** Connects to a device, with its memory and the bus its own. The connection ends with the scope. */
  connect(path: string) {
    return Effect.gen(this, function* () {
      const client = yield* makeClient((accept) => Transport.messages.connect(path, accept), { dma: this.dma })
      yield* client.dmaMap({ address: base, size: BigInt(memoryBytes), read: true, write: true })
      yield* client.writeWord(7, 0x04, 2, 6)
      this.client = client
      return client
    })
  }

  private write(offset: number, value: number): Step {
    const { client } = this
    return client === undefined
      ? Effect.dieMessage("the guest has no device")
      : client.writeWord(0, this.bank * Registers.bankStride + offset, 4, value)
  }

  private ring(ring: number, name: Registers.RingRegisterName, value: number): Step {
    return this.write(Registers.ringOffset(name, ring), value)
  }

  /** Rings empty and configured, the arbiter on. */
  get setup(): Step {
    return Effect.gen(this, function* () {
      this.memory.fill(empty, places.responses, places.responses + depth * responseBytes)
      this.memory.set([0x13, 0, 0, 0, 0, 0, 0, 0], places.descriptor)
      this.memory.set(key, places.descriptor + 8)
      for (const [ring, place] of [places.requests, places.responses].entries()) {
        yield* this.ring(ring, "LBASE", Number((base + BigInt(place)) & 0xffff_ffffn))
        yield* this.ring(ring, "UBASE", Number(base >> 32n))
      }
      yield* this.ring(0, "CONFIG", sizeCode(depth * requestBytes))
      yield* this.ring(1, "CONFIG", 0x2000 | sizeCode(depth * responseBytes))
      yield* this.write(Registers.csrs[Registers.csrIndex.RING_SRV_ARB_EN].offset, 1)
    })
  }

  /** Data of a request by its number. */
  private plain(number: number): Uint8Array {
    const length = 16 * (1 + (number % (dataBytes / 16)))
    return Uint8Array.from({ length }, (_, at) => (number * 31 + at * 7) & 0xff)
  }

  private put(number: number): void {
    const at = places.requests + (number % depth) * requestBytes
    const data = places.data + (number % depth) * dataBytes
    const { length } = this.plain(number)
    this.memory.set(this.plain(number), data)
    this.memory.fill(0, at, at + requestBytes)
    // Cipher, symmetric, valid; the initialisation vector stands in the request.
    this.memory.set([0, 0, 4, 0x80, 4], at)
    this.view.setBigUint64(at + 8, base + BigInt(places.descriptor), true)
    this.view.setUint8(at + 18, 3)
    this.view.setBigUint64(at + 24, BigInt(number), true)
    this.view.setBigUint64(at + 32, base + BigInt(data), true)
    this.view.setBigUint64(at + 40, base + BigInt(data), true)
    for (const field of [48, 52, 60]) this.view.setUint32(at + field, length, true)
    this.memory.set(iv, at + 64)
    this.memory.set([2, 2, 0, 0x41], at + 108)
  }

  /** Writes requests into the ring, as many as there is room for, and tells the device. */
  submit(wish: number): Step {
    return Effect.suspend(() => {
      const count = Math.min(wish, depth - 1 - this.inFlight)
      if (count === 0) return Effect.void
      for (let each = 0; each < count; each++) this.put(this.submitted++)
      this.tail = (this.submitted % depth) * requestBytes
      return this.doorbell
    })
  }

  private get doorbell(): Step {
    return this.ring(0, "TAIL", this.tail)
  }

  /** Whether the response in a slot answers request `number` with the right data. */
  private isRight(at: number, number: number): boolean {
    const data = places.data + (number % depth) * dataBytes
    const plain = this.plain(number)
    const expected = createCipheriv("aes-128-cbc", key, iv).setAutoPadding(false).update(plain)
    const given = this.memory.subarray(data, data + plain.length)
    return (
      this.view.getBigUint64(at + 8, true) === BigInt(number) && this.memory[at + 6] === 0 && expected.equals(given)
    )
  }

  /** Takes the responses that are there, in order. */
  get poll(): Step {
    return Effect.suspend(() => {
      while (this.inFlight > 0) {
        const at = places.responses + (this.taken % depth) * responseBytes
        if (this.view.getUint32(at, true) === 0x7f7f_7f7f) break
        if (!this.isRight(at, this.taken)) this.wrong.push(this.taken)
        // As the kernel does: the first word marks what was taken, the rest stays until the next lap.
        this.memory.fill(empty, at, at + markBytes)
        this.taken++
        this.unreturned++
      }
      return this.unreturned >= lazySlots ? this.giveBack : Effect.void
    })
  }

  private get giveBack(): Step {
    return Effect.suspend(() => {
      this.unreturned = 0
      this.head = (this.taken % depth) * responseBytes
      return this.ring(1, "HEAD", this.head)
    })
  }

  /** Registers that a lost connection may have lost are written again. */
  get again(): Step {
    return Effect.zipRight(this.ring(1, "HEAD", this.head), this.doorbell)
  }

  /** Waits for a response, and takes what is there. */
  get next(): Step {
    return Effect.suspend(() => {
      const before = this.taken
      this.told.unsafeClose()
      return Effect.flatMap(this.poll, () =>
        this.taken > before || this.inFlight === 0 ? Effect.void : Effect.zipRight(this.told.await, this.poll)
      )
    })
  }

  /** Works until so many requests were submitted and answered; keeps the ring busy. */
  work(total: number): Step {
    const step = Effect.zipRight(
      Effect.suspend(() => this.submit(Math.min(8, total - this.submitted))),
      this.next
    )
    return Effect.repeat(step, { until: () => this.submitted >= total && this.inFlight === 0 }).pipe(Effect.asVoid)
  }

  /** Works until somebody says that it is enough, and takes what is still to come. */
  workUntil(isOver: () => boolean): Step {
    return Effect.gen(this, function* () {
      while (!isOver()) {
        yield* this.submit(8)
        yield* this.next
      }
      while (this.inFlight > 0) yield* this.next
    })
  }

  /** Everything that was submitted is answered, in order, with the right data. */
  settled(): void {
    assert.deepStrictEqual([this.taken, this.wrong], [this.submitted, []])
  }
}
