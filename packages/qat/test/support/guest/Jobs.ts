/** Work for rings, at random from a seed: requests of all kinds over memory that is used again, each with what must come of it. */
import { createCipheriv } from "node:crypto"
import { deflateRawSync, inflateRawSync } from "node:zlib"
import { decodeAnswer, dpdkRequest } from "../dc/Requests.ts"
import { dataKinds, dataOf } from "../dc/Data.ts"
import { encryptionAt, iv, key } from "./Cbc.ts"
import type { Memory } from "./GuestMemory.ts"

/** A number from 0 to `limit` - 1. */
export type Random = (limit: number) => number

/** A request under way, and whether a response and the memory behind it are right. */
export interface Pending {
  readonly request: Uint8Array
  readonly opaque: bigint
  /** Place in the pool, to be given back. */
  readonly place: number
  readonly isRight: (response: Uint8Array, memory: Memory) => boolean
}

/** Room of one job: source, destination, descriptor. In bytes. */
const halfBytes = 6 * 1024
const placeBytes = 2 * halfBytes + 128
const maxBytes = 4096

const same = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0

export class Jobs {
  private readonly random: Random
  private readonly pool: ReadonlyArray<bigint>
  private readonly free: Array<number>
  private opaque = 0n

  constructor(memory: Memory, count: number, random: Random) {
    this.random = random
    this.pool = Array.from({ length: count }, () => memory.take(placeBytes))
    this.free = Array.from(this.pool, (_, index) => index)
  }

  /** How many more can be under way. */
  get room(): number {
    return this.free.length
  }

  /** The job is over. */
  release({ place }: Pending): void {
    this.free.push(place)
  }

  private begin(): { readonly place: number; readonly address: bigint; readonly opaque: bigint } {
    const place = this.free.pop()
    const address = place === undefined ? undefined : this.pool[place]
    if (place === undefined || address === undefined) throw new RangeError("no place for another job")
    this.opaque += 1n
    return { place, address, opaque: this.opaque }
  }

  /** A cipher request, in place or not. */
  symmetric(memory: Memory): Pending {
    const { address, opaque, place } = this.begin()
    const length = 16 * (1 + this.random(maxBytes / 16))
    const data = dataOf("random", length, Number(opaque))
    const destination = this.random(2) === 0 ? address : address + BigInt(halfBytes)
    memory.write(address, data)
    const request = encryptionAt(memory, opaque, address, destination, length, address + BigInt(2 * halfBytes))
    const cipher = createCipheriv("aes-128-cbc", key, iv).setAutoPadding(false)
    const expected = cipher.update(data)
    return {
      request,
      opaque,
      place,
      isRight: (response, now) => response[6] === 0 && same(now.at(destination, length), expected)
    }
  }

  /** A request to compress or to decompress. */
  compression(memory: Memory): Pending {
    const { address, opaque, place } = this.begin()
    const kind = (["static", "dynamic", "decompress"] as const)[this.random(3)] ?? "static"
    const plain = dataOf(dataKinds[this.random(dataKinds.length)] ?? "text", this.random(maxBytes), Number(opaque))
    const input = kind === "decompress" ? deflateRawSync(plain) : plain
    const output = address + BigInt(halfBytes)
    if (input.length > 0) memory.write(address, input)
    const request = dpdkRequest({
      kind,
      source: { address, length: input.length },
      destination: { address: output, length: halfBytes },
      scattered: false,
      opaque
    })
    return {
      request,
      opaque,
      place,
      isRight: (response, now) => {
        const { consumed, produced, status } = decodeAnswer(response)
        if ((status & ~8) !== 0 || consumed !== input.length) return false
        const bytes = now.at(output, produced)
        return same(kind === "decompress" ? bytes : inflateRawSync(bytes), plain)
      }
    }
  }
}
