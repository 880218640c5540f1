/** Guest memory for tests: pieces are handed out one behind the other, and lists of them are written as drivers do. */
import type { Region } from "@stopcopy/qat/engine"
import type { Place } from "./Requests.ts"

/** Head of a list, and one entry, in bytes. Drivers align lists to 64. */
const headBytes = 16
const entryBytes = 16
const listAlignment = 64

/** What drivers leave between data is not zero. */
const dirt = 0xa5

export class Arena {
  readonly region: Region
  readonly #memory: Uint8Array<ArrayBuffer>
  readonly #address: bigint
  #used = 0

  constructor(address: bigint, size: number) {
    this.#memory = new Uint8Array(size).fill(dirt)
    this.#address = address
    this.region = { address, bytes: this.#memory }
  }

  /** Forgets all pieces. Their addresses are handed out again. */
  clear(): void {
    this.#used = 0
  }

  /** `length` bytes of room, at the next multiple of `alignment`. */
  room(length: number, alignment = 1): Place {
    const at = Math.ceil(this.#used / alignment) * alignment
    if (at + length > this.#memory.length) throw new RangeError(`the arena has no room for ${length} bytes`)
    this.#used = at + length
    return { address: this.#address + BigInt(at), length }
  }

  /** A copy of `data` in memory. */
  put(data: Uint8Array, alignment = 1): Place {
    const place = this.room(data.length, alignment)
    this.view(place).set(data)
    return place
  }

  /** A list of `pieces`; the length is that of all of them. */
  list(pieces: ReadonlyArray<Place>, mapped: number = pieces.length): Place {
    const place = this.room(headBytes + entryBytes * pieces.length, listAlignment)
    const bytes = this.view(place)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    view.setUint32(8, pieces.length, true)
    view.setUint32(12, mapped, true)
    for (const [index, { address, length }] of pieces.entries()) {
      view.setUint32(headBytes + entryBytes * index, length, true)
      view.setBigUint64(headBytes + entryBytes * index + 8, address, true)
    }
    return { address: place.address, length: pieces.reduce((sum, { length }) => sum + length, 0) }
  }

  /** The bytes of a place, as they are now and will be. */
  view({ address, length }: Place): Uint8Array<ArrayBuffer> {
    const at = Number(address - this.#address)
    return this.#memory.subarray(at, at + length)
  }

  /** A copy of the first `length` bytes of the pieces joined. */
  read(pieces: ReadonlyArray<Place>, length: number): Uint8Array {
    return new Uint8Array(Buffer.concat(pieces.map((piece) => this.view(piece)))).subarray(0, length)
  }
}
