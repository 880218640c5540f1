/** Memory of the guest handed out piece by piece to its drivers. Nothing is given back: a driver keeps what it took. */
import { ENOMEM } from "@stopcopy/errno"
import { Either } from "effect"
import { because, hex } from "../internal/words.ts"
import type { Place } from "./GuestMemory.ts"

export class Arena {
  private readonly place: Place
  private end = 0

  /** What is handed out: guest memory that nobody else uses. */
  constructor(place: Place) {
    this.place = place
  }

  /** The address of a piece of `length` bytes, at a multiple of `align` (a power of two). `ENOMEM` when nothing is left. */
  take(length: number, align = 64): Either.Either<bigint, ENOMEM> {
    const { address, size } = this.place
    const mask = BigInt(align - 1)
    const at = (address + BigInt(this.end) + mask) & ~mask
    const end = Number(at - address) + length
    if (end > size) {
      const left = `${size - this.end} bytes of ${hex(address)} + ${hex(size)}`
      const why = because("arena.size", "the driver's memory is large enough", "arena", `${length}`, left, "enlarge it")
      return Either.left(new ENOMEM(why))
    }
    this.end = end
    return Either.right(at)
  }
}
