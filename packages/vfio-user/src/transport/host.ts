/** What this process does with descriptors that a peer passed: close, signal, map. Source: eventfd(2), fcntl(2), proc(5). */
import { closeSync, readlinkSync } from "node:fs"
import type { CloseDescriptor } from "../Connection.ts"
import { mapDescriptor, signalEventfd } from "./Descriptor.ts"
import type { Libc } from "./Libc.ts"

const O_NONBLOCK = 0o4000

/** Of one server or client: descriptors are closed with the `close` of the host that used them. */
export interface DescriptorHost {
  readonly close: CloseDescriptor
  /**
   * Adds 1 to an eventfd. Never waits and never fails: an eventfd becomes non-blocking for both sides with its first signal, because a peer that fills
   * the counter of a blocking one would stop this process; another kind of file is left alone.
   */
  readonly signal: (descriptor: number) => void
  readonly mapDescriptor: typeof mapDescriptor
}

const isEventfd = (descriptor: number): boolean => {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`) === "anon_inode:[eventfd]"
  } catch {
    return false
  }
}

/** Whether the descriptor is an eventfd, and non-blocking now. */
const prepare = (libc: Libc, descriptor: number): boolean => {
  const flags = isEventfd(descriptor) ? libc.getFlags(descriptor) : -1
  return flags >= 0 && ((flags & O_NONBLOCK) !== 0 || libc.setFlags(descriptor, flags | O_NONBLOCK) >= 0)
}

/** A host that remembers which descriptors can be signalled. */
export const makeDescriptorHost = (libc: Libc): DescriptorHost => {
  const fit = new Set<number>()
  return {
    close: (descriptor) => {
      fit.delete(descriptor)
      closeSync(descriptor)
    },
    signal: (descriptor) => {
      if (!fit.has(descriptor)) {
        if (!prepare(libc, descriptor)) return
        fit.add(descriptor)
      }
      signalEventfd(descriptor)
    },
    mapDescriptor
  }
}
