/** What Node's process has for a VMM: sockets, eventfds, and guest memory in memfds that devices map, where descriptors can be passed. */
import type { EACCES, EBADF, EEXIST, EINVAL } from "@stopcopy/errno"
import {
  closeDescriptor,
  type ConnectError,
  createMemfd,
  type DescriptorFailed,
  type Libc,
  loadLibc,
  mapDescriptor,
  openEventfd,
  Transport
} from "@stopcopy/vfio-user/transport"
import { Effect, Either, type Scope } from "effect"
import type { Wire } from "../attachment/Wire.ts"
import { GuestMemory, type Place } from "../memory/GuestMemory.ts"
import type { Storage } from "../memory/Storage.ts"

export interface Host {
  readonly transport: Transport.Transport
  /** The way to the server that listens on this path. */
  readonly wire: (path: string) => Wire<ConnectError | DescriptorFailed>
  /** Guest memory: in memfds, gone with the scope, or sparse memory of this process where no descriptor can be passed. */
  readonly memory: (places: ReadonlyArray<Place>) => Effect.Effect<GuestMemory, MemoryError, Scope.Scope>
}

export type MemoryError = DescriptorFailed | EINVAL | EEXIST | EBADF | EACCES

/** A memfd and the memory in it. */
const memfd = (libc: Libc, size: number): Effect.Effect<Storage, MemoryError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.suspend((): Effect.Effect<Storage & { readonly close: () => void }, MemoryError> => {
      const descriptor = createMemfd(libc, "guest", size)
      if (Either.isLeft(descriptor)) return Either.left(descriptor.left)
      const mapped = mapDescriptor(descriptor.right, 0n, BigInt(size), { read: true, write: true })
      if (Either.isLeft(mapped)) closeDescriptor(descriptor.right)
      return Either.map(mapped, (memory) => ({ ...memory, descriptor: descriptor.right }))
    }),
    ({ close }) => Effect.sync(close)
  )

const withoutDescriptors: Host = {
  transport: Transport.messages,
  wire: (path) => ({ name: path, open: (accept) => Transport.messages.connect(path, accept) }),
  memory: (places) => GuestMemory.make(places)
}

const withDescriptors = (transport: Transport.Transport, libc: Libc): Host => ({
  transport,
  wire: (path) => ({
    name: path,
    open: (accept) => transport.connect(path, accept),
    closeDescriptor,
    eventfd: openEventfd(libc)
  }),
  memory: (places) =>
    Effect.flatMap(
      Effect.forEach(places, (place) => Effect.map(memfd(libc, place.size), (storage) => ({ ...place, storage }))),
      (regions) => GuestMemory.make(regions)
    )
})

/** The best that this process has; `messagesOnly` does without descriptors even where they could be passed. The log says which. */
export const makeHost = (options: Transport.TransportOptions = {}): Effect.Effect<Host> =>
  Effect.flatMap(Transport.best(options), (transport) =>
    transport.passesDescriptors
      ? Effect.match(loadLibc, {
          onFailure: () => withoutDescriptors,
          onSuccess: (libc) => withDescriptors(transport, libc)
        })
      : Effect.succeed(withoutDescriptors)
  )
