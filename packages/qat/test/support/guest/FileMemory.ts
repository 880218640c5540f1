/** Memory of a guest in a file, so that it outlives the process of the device: for the guest and for the device. */
import { type DmaAccess, DmaFault } from "@stopcopy/qat/engine"
import { Effect, Either } from "effect"
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs"
import { type Memory, memoryBase } from "./GuestMemory.ts"

const place = (address: bigint): number => Number(address - memoryBase)

const readAt = (fd: number, address: bigint, length: number): Uint8Array => {
  const bytes = new Uint8Array(length)
  readSync(fd, bytes, 0, length, place(address))
  return bytes
}

/** The guest's side; its file is `size` bytes long. */
export class FileMemory implements Memory {
  private readonly fd: number
  private end = 0

  constructor(path: string, size: number) {
    this.fd = openSync(path, "w+")
    ftruncateSync(this.fd, size)
  }

  take(length: number, align = 64): bigint {
    this.end = ((this.end + align - 1) & ~(align - 1)) + length
    return memoryBase + BigInt(this.end - length)
  }

  at(address: bigint, length: number): Uint8Array {
    return readAt(this.fd, address, length)
  }

  write(address: bigint, bytes: Uint8Array): void {
    writeSync(this.fd, bytes, 0, bytes.length, place(address))
  }

  close(): void {
    closeSync(this.fd)
  }
}

/** The device's side. The file stays open until the scope ends. */
export const fileDma = (path: string) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => openSync(path, "r+")),
      (fd) => Effect.sync(() => closeSync(fd))
    ),
    (fd): DmaAccess => {
      const size = BigInt(fstatSync(fd).size)
      const inside = (address: bigint, length: number, direction: "read" | "write"): Either.Either<void, DmaFault> =>
        address >= memoryBase && address + BigInt(length) <= memoryBase + size
          ? Either.void
          : Either.left(new DmaFault({ address, length, direction }))
      return {
        read: (address, length) => Either.map(inside(address, length, "read"), () => readAt(fd, address, length)),
        write: (address, bytes) =>
          Either.map(inside(address, bytes.length, "write"), () => {
            writeSync(fd, bytes, 0, bytes.length, place(address))
          }),
        mayWrite: (address, length) => inside(address, length, "write")
      }
    }
  )
