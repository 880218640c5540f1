/** Work for rings with what must come of it: each job is checked against `node:crypto` or `node:zlib`. Source: sections 3, 4 and 9 of the firmware specification. */
import type { EFAULT, ENOMEM } from "@stopcopy/errno"
import { Effect, Either } from "effect"
import { createCipheriv } from "node:crypto"
import { inflateRawSync } from "node:zlib"
import type { Arena } from "../memory/Arena.ts"
import type { GuestMemory } from "../memory/GuestMemory.ts"
import {
  type Buffers,
  cbcDescriptor,
  cbcRequest,
  deflateRequest,
  gcmDescriptor,
  gcmRequest,
  type Response,
  tagBytes
} from "../qat/Requests.ts"

export type JobKind = "aes-128-cbc" | "aes-128-gcm" | "deflate"

/** A request, and whether what came of it is right. */
export interface Job {
  readonly opaque: bigint
  readonly request: Uint8Array
  readonly isRight: (response: Response, memory: GuestMemory) => boolean
}

/** Room for the data of a job, twice, and for its descriptor, in bytes. A deflate stream is at most 1/8 longer than the data. */
const mostData = 4096
const halfBytes = 5120
const descriptorBytes = 64
const roomBytes = 2 * halfBytes + descriptorBytes
const blockBytes = 16
const keyBytes = 16
const gcmIvBytes = 12

/** A number from 0 to `limit` - 1, from a seed. */
export type Random = (limit: number) => number

const bytesFrom = (random: Random, length: number): Uint8Array => Uint8Array.from({ length }, () => random(256))
/** Data that can be compressed: few values, in runs. */
const textFrom = (random: Random, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => 97 + ((index >> 4) % 7) + random(2))

const isAt = (memory: GuestMemory, address: bigint, expected: Uint8Array): boolean =>
  Either.match(memory.read(address, expected.length), {
    onLeft: () => false,
    onRight: (bytes) => Buffer.compare(bytes, expected) === 0
  })

/** Where a job lies, and what it is told apart by. */
interface Room {
  readonly address: bigint
  readonly opaque: bigint
}

const buffersAt = ({ address, opaque }: Room, length: number): Buffers => ({
  opaque,
  source: address,
  destination: address + BigInt(halfBytes),
  length
})

const descriptorAt = ({ address }: Room): bigint => address + BigInt(2 * halfBytes)

type Made = Either.Either<Job, EFAULT>

const written = (memory: GuestMemory, pieces: ReadonlyArray<readonly [bigint, Uint8Array]>, job: Job): Made => {
  for (const [address, bytes] of pieces) {
    const done = memory.write(address, bytes)
    if (Either.isLeft(done)) return Either.left(done.left)
  }
  return Either.right(job)
}

const cbcJob = (memory: GuestMemory, room: Room, random: Random): Made => {
  const data = bytesFrom(random, blockBytes * (1 + random(mostData / blockBytes)))
  const [key, iv] = [bytesFrom(random, keyBytes), bytesFrom(random, blockBytes)]
  const descriptor = cbcDescriptor(key)
  const buffers = buffersAt(room, data.length)
  const expected = createCipheriv("aes-128-cbc", key, iv).setAutoPadding(false).update(data)
  const at = descriptorAt(room)
  return written(
    memory,
    [
      [room.address, data],
      [at, descriptor]
    ],
    {
      opaque: room.opaque,
      request: cbcRequest(buffers, { address: at, bytes: descriptor.length }, iv),
      isRight: ({ status }, now) => status === 0 && isAt(now, buffers.destination, expected)
    }
  )
}

const gcmJob = (memory: GuestMemory, room: Room, random: Random): Made => {
  const data = bytesFrom(random, 1 + random(mostData))
  const [key, iv] = [bytesFrom(random, keyBytes), bytesFrom(random, gcmIvBytes)]
  const descriptor = gcmDescriptor(key)
  const buffers = buffersAt(room, data.length)
  const cipher = createCipheriv("aes-128-gcm", key, iv)
  const text = Buffer.concat([cipher.update(data), cipher.final()])
  const [at, tag] = [descriptorAt(room), buffers.destination + BigInt(halfBytes - tagBytes)]
  const expectedTag = cipher.getAuthTag()
  return written(
    memory,
    [
      [room.address, data],
      [at, descriptor]
    ],
    {
      opaque: room.opaque,
      request: gcmRequest(buffers, { address: at, bytes: descriptor.length }, iv, tag),
      isRight: ({ status }, now) => status === 0 && isAt(now, buffers.destination, text) && isAt(now, tag, expectedTag)
    }
  )
}

/** Whether a raw deflate stream holds these bytes. One that is broken does not. */
const inflatesTo = (stream: Uint8Array, data: Uint8Array): boolean =>
  Either.match(
    Either.try(() => inflateRawSync(stream)),
    { onLeft: () => false, onRight: (bytes) => Buffer.compare(bytes, data) === 0 }
  )

const deflateJob = (memory: GuestMemory, room: Room, random: Random): Made => {
  const data = textFrom(random, 1 + random(mostData))
  const buffers = buffersAt(room, data.length)
  return written(memory, [[room.address, data]], {
    opaque: room.opaque,
    request: deflateRequest(buffers, halfBytes),
    isRight: ({ consumed, produced, status }, now) =>
      status === 0 &&
      consumed === data.length &&
      Either.match(now.read(buffers.destination, Math.min(produced, halfBytes)), {
        onLeft: () => false,
        onRight: (stream) => inflatesTo(stream, data)
      })
  })
}

const makers = { "aes-128-cbc": cbcJob, "aes-128-gcm": gcmJob, deflate: deflateJob } as const

/** Jobs in rooms of guest memory that are used again. */
export class Jobs {
  private readonly random: Random
  private readonly free: Array<bigint>
  private readonly rooms = new Map<bigint, bigint>()
  private opaque = 0n

  private constructor(rooms: ReadonlyArray<bigint>, random: Random) {
    this.free = [...rooms]
    this.random = random
  }

  /** Room for `count` jobs at a time. */
  static make(arena: Arena, count: number, random: Random): Effect.Effect<Jobs, ENOMEM> {
    return Effect.map(
      Effect.replicateEffect(
        Effect.suspend(() => arena.take(roomBytes)),
        count
      ),
      (rooms) => new Jobs(rooms, random)
    )
  }

  /** How many more can be under way. */
  get room(): number {
    return this.free.length
  }

  /** A job of random data. Without room it is a defect: ask first. */
  make(memory: GuestMemory, kind: JobKind): Made {
    const address = this.free.pop()
    if (address === undefined) throw new RangeError("no room for another job")
    this.opaque += 1n
    this.rooms.set(this.opaque, address)
    return makers[kind](memory, { address, opaque: this.opaque }, this.random)
  }

  /** The job is over, its room can be used again. */
  release({ opaque }: Job): void {
    const address = this.rooms.get(opaque)
    if (this.rooms.delete(opaque) && address !== undefined) this.free.push(address)
  }
}
