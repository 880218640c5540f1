/** What Node itself can do with descriptors: close them, signal an eventfd, access the file behind a DMA mapping. Source: eventfd(2), pread(2). */
import { EACCES, EBADF, EFAULT, EINVAL } from "@stopcopy/errno"
import type { IoAddressSpace } from "@stopcopy/vfio"
import { Either } from "effect"
import { closeSync, fstatSync, readFileSync, readSync, writeSync } from "node:fs"
import { codeOf } from "./SocketPath.ts"

/** Closes a descriptor of this process. Closing one that is not open is a defect. */
export const closeDescriptor = (descriptor: number): void => closeSync(descriptor)

/** 1 as an eventfd takes it: u64 in host byte order, which is little endian on all machines of interest. */
const one = new Uint8Array(new BigUint64Array([1n]).buffer)

/**
 * Adds 1 to an eventfd. Never waits when it is non-blocking; a counter that is full is signalled already. False: the
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

const outside = (position: number, length: number, size: number): EFAULT =>
  new EFAULT({
    refusal: {
      code: "vfio-user.map.outside",
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
      code: "vfio-user.map.bytes",
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

/** The memory behind a mapping, whose accesses have ended when they return. */
export interface MappedDescriptor extends IoAddressSpace.Backing {
  readonly read: (offset: number, length: number) => Either.Either<Uint8Array, EFAULT>
  readonly write: (offset: number, bytes: Uint8Array) => Either.Either<void, EFAULT>
}

const makeMapped = (descriptor: number, offset: number, size: number): MappedDescriptor => {
  const read: Transfer = (position, bytes) => readSync(descriptor, bytes, 0, bytes.length, offset + position)
  const write: Transfer = (position, bytes) => writeSync(descriptor, bytes, 0, bytes.length, offset + position)
  const inside = (position: number, length: number): boolean => position >= 0 && position + length <= size
  return {
    read: (position, length) => {
      if (!inside(position, length)) return Either.left(outside(position, length, size))
      const into = new Uint8Array(length)
      return Either.map(moveAll("read", read, position, into), () => into)
    },
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
      code: "vfio-user.map.file",
      rule: "a mapping lies in a regular file or memfd",
      where,
      source,
      destination,
      remedy: "pass a descriptor of a file that is as long as offset and size say"
    }
  })

/** open(2): the two bits that say what a descriptor is for. */
const accessMask = 3
const readOnly = 0
const writeOnly = 1

/** What the descriptor was opened for, from the flags in octal that proc(5) shows. */
const accessOf = (descriptor: number): IoAddressSpace.Protection => {
  const [, flags = "0"] = /^flags:\s+([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8")) ?? []
  const access = Number.parseInt(flags, 8) & accessMask
  return { read: access !== writeOnly, write: access !== readOnly }
}

const noAccess = (wanted: IoAddressSpace.Protection): EACCES =>
  new EACCES({
    refusal: {
      code: "vfio-user.map.access",
      rule: "a mapping allows what its file was opened for",
      where: "mapped descriptor",
      source: wanted.write ? "write" : "read",
      destination: "not opened for it",
      remedy: "open the file for reading and writing"
    }
  })

/**
 * `size` bytes from `offset` of the file behind a descriptor, by pread and pwrite: a file that is shortened meanwhile gives an error where memory that is
 * mapped gives a signal. Files on hugetlbfs take no writes so. The descriptor is the mapping's if it succeeds. `EBADF`: not open, `EINVAL`: no regular
 * file, or too short, `EACCES`: not opened for what the protection allows.
 */
export const mapDescriptor = (
  descriptor: number,
  offset: bigint,
  size: bigint,
  protection: IoAddressSpace.Protection
): Either.Either<MappedDescriptor, EBADF | EINVAL | EACCES> => {
  try {
    const file = fstatSync(descriptor)
    if (!file.isFile())
      return Either.left(refuse("type of the file", `mode ${file.mode.toString(8)}`, "a regular file"))
    if (offset < 0n || size < 0n || offset + size > BigInt(file.size)) {
      return Either.left(refuse("offset + size", `${offset} + ${size}`, `at most ${file.size}`))
    }
    const access = accessOf(descriptor)
    if ((protection.read && !access.read) || (protection.write && !access.write))
      return Either.left(noAccess(protection))
    return Either.right(makeMapped(descriptor, Number(offset), Number(size)))
  } catch {
    return Either.left(new EBADF({}))
  }
}
