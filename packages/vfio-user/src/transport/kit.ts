/** Descriptors that the conformance kit passes to a server: eventfds, and memory in files. */
import { Effect } from "effect"
import { closeSync, readSync, writeSync } from "node:fs"
import type { KitDescriptors } from "../conformance/Descriptors.ts"
import { createMemfd, openEventfd } from "./Eventfd.ts"
import type { Libc } from "./Libc.ts"

const memory = (libc: Libc, size: number) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.orDie(Effect.suspend(() => createMemfd(libc, "stopcopy-conformance", size))),
      (descriptor) => Effect.sync(() => closeSync(descriptor))
    ),
    (descriptor) => ({
      descriptor,
      read: (offset: number, length: number) => {
        const bytes = new Uint8Array(length)
        readSync(descriptor, bytes, 0, length, offset)
        return bytes
      },
      write: (offset: number, bytes: Uint8Array) => void writeSync(descriptor, bytes, 0, bytes.byteLength, offset)
    })
  )

/** What the kit needs of a process that has this C library. */
export const makeKitDescriptors = (libc: Libc): KitDescriptors => ({
  eventfd: Effect.orDie(openEventfd(libc)),
  memory: (size) => memory(libc, size),
  close: closeSync
})
