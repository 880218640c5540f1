/** Memory of the client that a device may reach while it does work: one range, in this process or in a file that the server maps. */
import { EFAULT } from "@stopcopy/errno"
import { Either } from "effect"

/** Where the bytes are: a file of its own is what can be passed. Offsets in bytes. */
export interface Store {
  readonly read: (offset: number, length: number) => Uint8Array
  readonly write: (offset: number, bytes: Uint8Array) => void
}

/** Where the range begins as the device sees it: a page, far from 0. */
export const memoryBase = 0x4_0000_0000n

/** Bytes in this process. */
const inProcess = (size: number): Store => {
  const bytes = new Uint8Array(size)
  return {
    read: (offset, length) => bytes.slice(offset, offset + length),
    write: (offset, data) => bytes.set(data, offset)
  }
}

/** `size` in bytes, whole pages. Accesses outside the range are `EFAULT`. */
export class GuestMemory {
  readonly size: number
  private readonly store: Store

  constructor(size: number, store: Store = inProcess(size)) {
    this.size = size
    this.store = store
  }

  read(address: bigint, length: number): Either.Either<Uint8Array, EFAULT> {
    return Either.map(this.offsetOf(address, length), (offset) => this.store.read(offset, length))
  }

  write(address: bigint, bytes: Uint8Array): Either.Either<void, EFAULT> {
    return Either.map(this.offsetOf(address, bytes.byteLength), (offset) => this.store.write(offset, bytes))
  }

  private offsetOf(address: bigint, length: number): Either.Either<number, EFAULT> {
    const offset = address - memoryBase
    return offset >= 0n && offset + BigInt(length) <= BigInt(this.size)
      ? Either.right(Number(offset))
      : Either.left(new EFAULT({}))
  }
}
