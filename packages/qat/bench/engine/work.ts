/**
 * Requests through a ring, from the tail that publishes them to the response that is taken, with their outcomes in the journal; and the floor: plain calls of
 * `node:crypto` and `node:zlib` on the same buffers.
 */
import type { Errno } from "@stopcopy/errno"
import type { QatVfioPci } from "@stopcopy/qat"
import { ActorSystem, Journal, type JournalError } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Effect, Layer } from "effect"
import { createCipheriv } from "node:crypto"
import { constants, deflateRawSync } from "node:zlib"
import { inFolder, rateOf, type Subject } from "@stopcopy/workbench"
import { dataOf } from "../../test/support/dc/Data.ts"
import { dpdkRequest } from "../../test/support/dc/Requests.ts"
import { encryptionAt, iv, key } from "../../test/support/guest/Cbc.ts"
import { openDevice, serviceMaps } from "../../test/support/guest/Device.ts"
import { GuestMemory } from "../../test/support/guest/GuestMemory.ts"
import { ringOffset } from "../../test/driver/lives.ts"
import { attach, RingPair } from "../../test/support/guest/RingPair.ts"

/** Requests that the guest keeps under way, each with buffers of its own. */
const atOnce = 256

/** One kind of work. */
interface Kind {
  readonly key: string
  readonly name: string
  readonly bytes: number
  /** Requests of one measurement. */
  readonly requests: number
  readonly service: "symmetric" | "compression"
  readonly target?: number
}

const kinds: ReadonlyArray<Kind> = [
  { key: "cbc64", name: "AES-128-CBC 64 B", bytes: 64, requests: 60_000, service: "symmetric" },
  { key: "cbc1k", name: "AES-128-CBC 1 KiB", bytes: 1024, requests: 60_000, service: "symmetric" },
  { key: "cbc16k", name: "AES-128-CBC 16 KiB", bytes: 16_384, requests: 40_000, service: "symmetric", target: 0.5 },
  { key: "deflate64k", name: "deflate 64 KiB", bytes: 65_536, requests: 1024, service: "compression", target: 0.8 }
]

const dataFor = ({ bytes, service }: Kind, index: number): Uint8Array =>
  dataOf(service === "symmetric" ? "random" : "mixed", bytes, index + 1)

/** What a buffer list is for: buffers and requests of a kind of work in a guest's memory. */
const layOut = (memory: GuestMemory, kind: Kind): ReadonlyArray<Uint8Array> =>
  Array.from({ length: atOnce }, (_, index) => {
    const [source, destination] = [memory.take(kind.bytes), memory.take(2 * kind.bytes)]
    memory.write(source, dataFor(kind, index))
    const opaque = BigInt(index)
    return kind.service === "symmetric"
      ? encryptionAt(memory, opaque, source, destination, kind.bytes, memory.take(32))
      : dpdkRequest({
          kind: "dynamic",
          source: { address: source, length: kind.bytes },
          destination: { address: destination, length: 2 * kind.bytes },
          scattered: false,
          opaque
        })
  })

const plain = (kind: Kind): Effect.Effect<void> => {
  const buffers = Array.from({ length: atOnce }, (_, index) => dataFor(kind, index))
  const call =
    kind.service === "symmetric"
      ? (data: Uint8Array) => {
          const cipher = createCipheriv("aes-128-cbc", key, iv).setAutoPadding(false)
          const output = cipher.update(data)
          cipher.final()
          return output
        }
      : (data: Uint8Array) => deflateRawSync(data, { level: constants.Z_DEFAULT_COMPRESSION })
  return Effect.sync(() => {
    let produced = 0
    for (let index = 0; index < kind.requests; index++) {
      const data = buffers[index % atOnce]
      if (data !== undefined) produced += call(data).length
    }
    if (produced === 0) throw new Error("nothing was produced")
  })
}

/** Sizes of a request and of a response, in bytes; requests in a ring; what an empty slot begins with. */
const [requestBytes, responseBytes, depth] = [128, 32, 512]
const empty = 0x7f7f_7f7f

/** A guest that does as little as it can: copies requests, rings, looks at the first word of each slot, and gives slots back. */
class Guest {
  private readonly driver: QatVfioPci.QatVfioPci
  private readonly ring: Uint8Array
  private readonly slots: Uint8Array
  private readonly words: DataView
  private submitted = 0
  private taken = 0

  constructor(memory: GuestMemory, driver: QatVfioPci.QatVfioPci, pair: RingPair) {
    this.driver = driver
    this.ring = memory.at(pair.requests, depth * requestBytes)
    this.slots = memory.at(pair.responses, depth * responseBytes)
    this.words = new DataView(this.slots.buffer, this.slots.byteOffset, this.slots.byteLength)
  }

  private submit(requests: ReadonlyArray<Uint8Array>, count: number) {
    for (let index = 0; index < count; index++) {
      const request = requests[this.submitted % requests.length]
      if (request !== undefined) this.ring.set(request, (this.submitted % depth) * requestBytes)
      this.submitted++
    }
    return this.driver.writeRegister(0, ringOffset(0, 0, "TAIL"), (this.submitted % depth) * requestBytes)
  }

  private poll(): number {
    let found = 0
    for (;;) {
      const at = (this.taken % depth) * responseBytes
      if (this.words.getUint32(at, true) === empty) return found
      const status = this.words.getUint8(at + 6)
      if (status !== 0) throw new Error(`status ${status}`)
      this.slots.fill(0x7f, at, at + responseBytes)
      this.taken++
      found++
    }
  }

  /** Keeps half of \`requests\` to all of them under way until \`count\` more were answered. */
  work(requests: ReadonlyArray<Uint8Array>, count: number) {
    const [part, end] = [requests.length / 4, this.taken + count]
    return Effect.gen(this, function* () {
      while (this.taken < end) {
        const room = Math.min(part, end - this.submitted)
        if (room > 0 && this.submitted - this.taken <= requests.length - part) yield* this.submit(requests, room)
        if (this.poll() > 0) {
          yield* this.driver.writeRegister(0, ringOffset(0, 1, "HEAD"), (this.taken % depth) * responseBytes)
        } else yield* breathe
      }
    })
  }
}

const breathe = Effect.async<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})

const ring = (kind: Kind): Effect.Effect<number, Errno | JournalError, ActorSystem> =>
  Effect.scoped(
    Effect.gen(function* () {
      const memory = new GuestMemory(64 << 20)
      const { driver } = yield* openDevice("17", memory.dma, {
        pf: { svcmap: serviceMaps[kind.service], rateLimiting: false, slas: [] }
      })
      const pair = new RingPair(attach(driver, memory), 0, { depth })
      yield* pair.setup
      const requests = layOut(memory, kind)
      const guest = new Guest(memory, driver, pair)
      yield* guest.work(requests, 4 * atOnce)
      return yield* rateOf(kind.requests, guest.work(requests, kind.requests))
    })
  )

const onFile = <A, E>(use: Effect.Effect<A, E, ActorSystem | Journal>) =>
  inFolder((file) =>
    Effect.provide(use, Layer.provideMerge(ActorSystem.layer, layerSqlite({ file, tapes: true, spool: true })))
  )

const inMemory = <A, E>(use: Effect.Effect<A, E, ActorSystem | Journal>) =>
  Effect.provide(use, Layer.fresh(Layer.provideMerge(ActorSystem.layer, Journal.layerMemory)))

/** The floor, the ring over a journal in a file, and over one in memory, for each kind of work. */
export const workSubjects: ReadonlyArray<Subject> = kinds.flatMap((kind): ReadonlyArray<Subject> => {
  const floor = `${kind.key}.floor`
  const against = (target: number | undefined) => [
    { key: floor, to: "floor", ...(target === undefined ? {} : { target }) }
  ]
  const unit = "req/s"
  return [
    {
      key: floor,
      name: `${kind.name}: floor, plain calls`,
      word: "none",
      unit,
      measure: rateOf(kind.requests, plain(kind))
    },
    {
      key: `${kind.key}.file`,
      name: `${kind.name}: ring, recorded in SQLite`,
      word: "written",
      unit,
      against: against(kind.target),
      measure: onFile(ring(kind))
    },
    {
      key: `${kind.key}.memory`,
      name: `${kind.name}: ring, recorded in memory`,
      word: "none",
      unit,
      against: against(undefined),
      measure: inMemory(ring(kind))
    }
  ]
})
