/** What Node itself can do with descriptors: close them, signal an eventfd, access the file behind a DMA mapping. Source: eventfd(2), pread(2). */
import { EBADF, EFAULT, EINVAL } from "@stopcopy/errno"
import { Either } from "effect"
import { closeSync, fstatSync, readSync, writeSync } from "node:fs"
import { codeOf } from "./SocketPath.ts"

/** Closes a descriptor of this process. Closing one that is not open is a defect. */
export const closeDescriptor = (descriptor: number): void => closeSync(descriptor)

/** 1 as an eventfd takes it: u64 in host byte order, which is little endian on all machines of interest. */
const one = new Uint8Array(new BigUint64Array([1n]).buffer)

/**
 * Adds 1 to an eventfd. Never waits when it is non-blocking, see `prepareEventfd`; a counter that is full is signalled already. False: the
 * descriptor is not open, or takes no writes.
 */
export const signalEventfd = (descriptor: number): boolean => {
  try {
    writeSync(descriptor, one)
    return true
  } catch (thrown) {
    return codeOf(thrown) === "EAGAIN"
  }
}

/** A part of a file as a device's user maps it. Positions and sizes in bytes, from the beginning of the part. */
export interface MappedDescriptor {
  readonly size: number
  /** Fills `into`; `EFAULT` outside, or where the file ends. */
  readonly read: (position: number, into: Uint8Array) => Either.Either<void, EFAULT>
  /** Writes all of `bytes`; `EFAULT` outside, or when the file does not take them. */
  readonly write: (position: number, bytes: Uint8Array) => Either.Either<void, EFAULT>
  readonly close: () => void
}

const outside = (position: number, length: number, size: number): EFAULT =>
  new EFAULT({
    refusal: {
      code: "vfioUser.map.outside",
      rule: "an access stays inside its mapping",
      where: "mapped descriptor",
      source: `${position} + ${length}`,
      destination: `0 to ${size}`,
      remedy: "access mapped addresses only"
    }
  })

const failed = (what: string, position: number, found: string): EFAULT =>
  new EFAULT({
    refusal: {
      code: "vfioUser.map.access",
      rule: "the file behind a mapping is as long as the mapping and stays accessible",
      where: `${what} at ${position}`,
      source: found,
      destination: "all bytes",
      remedy: "do not shorten the file while it is mapped, and map it in the direction it was opened for"
    }
  })

type Transfer = (position: number, bytes: Uint8Array) => number

/** Moves all bytes, in as many calls as it takes. */
const moveAll = (what: string, move: Transfer, position: number, bytes: Uint8Array): Either.Either<void, EFAULT> => {
  try {
    for (let done = 0; done < bytes.length;) {
      const count = move(position + done, done === 0 ? bytes : bytes.subarray(done))
      if (count === 0) return Either.left(failed(what, position, `${done} of ${bytes.length} bytes`))
      done += count
    }
    return Either.void
  } catch (thrown) {
    return Either.left(failed(what, position, codeOf(thrown)))
  }
}

const makeMapped = (descriptor: number, offset: number, size: number): MappedDescriptor => {
  const read: Transfer = (position, bytes) => readSync(descriptor, bytes, 0, bytes.length, offset + position)
  const write: Transfer = (position, bytes) => writeSync(descriptor, bytes, 0, bytes.length, offset + position)
  const inside = (position: number, length: number): boolean => position >= 0 && position + length <= size
  return {
    size,
    read: (position, into) =>
      inside(position, into.length)
        ? moveAll("read", read, position, into)
        : Either.left(outside(position, into.length, size)),
    write: (position, bytes) =>
      inside(position, bytes.length)
        ? moveAll("write", write, position, bytes)
        : Either.left(outside(position, bytes.length, size)),
    close: () => closeSync(descriptor)
  }
}

const refuse = (where: string, source: string, destination: string): EINVAL =>
  new EINVAL({
    refusal: {
      code: "vfioUser.map.file",
      rule: "a mapping lies in a regular file or memfd",
      where,
      source,
      destination,
      remedy: "pass a descriptor of a file that is as long as offset and size say"
    }
  })

/**
 * `size` bytes from `offset` of the file behind a descriptor, by pread and pwrite: a file that is shortened meanwhile gives an error where memory that is
 * mapped gives a signal. Files on hugetlbfs take no writes so. The descriptor is the mapping's if it succeeds. `EBADF`: not open, `EINVAL`: no regular
 * file, or too short.
 */
export const mapDescriptor = (
  descriptor: number,
  offset: number,
  size: number
): Either.Either<MappedDescriptor, EBADF | EINVAL> => {
  try {
    const file = fstatSync(descriptor)
    if (!file.isFile())
      return Either.left(refuse("type of the file", `mode ${file.mode.toString(8)}`, "a regular file"))
    const end = offset + size
    if (!Number.isSafeInteger(end) || offset < 0 || size < 0 || end > file.size) {
      return Either.left(refuse("offset + size", `${offset} + ${size}`, `at most ${file.size}`))
    }
    return Either.right(makeMapped(descriptor, offset, size))
  } catch {
    return Either.left(new EBADF({}))
  }
}
