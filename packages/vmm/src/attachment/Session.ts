/**
 * One connection to a device, ready to be used: negotiated, described, with the guest's memory mapped and the interrupts assigned. Source: section 17 of the
 * vfio-user specification; `vfio_user_pci_realize` of QEMU for the order: memory comes before anything that could make the device work.
 */
import { ENODEV, isErrno } from "@stopcopy/errno"
import { type CallError, type Client, makeClient, type VersionRefused } from "@stopcopy/vfio-user"
import { Effect, type Scope } from "effect"
import type { AddressSpace, Range } from "../AddressSpace.ts"
import { because } from "../internal/words.ts"
import type { InterruptLines } from "./InterruptLines.ts"
import type { Wire } from "./Wire.ts"

/** Types of interrupts as VFIO numbers them. */
const msix = 2
/** Flag of DEVICE_GET_INFO: a PCI device. */
const isPci = 2

export interface Session {
  readonly name: string
  readonly client: Client
  readonly space: AddressSpace
  /** Sizes of the regions in bytes, by number; 0: there is none. */
  readonly regions: ReadonlyArray<number>
  /** Vectors that are told; 0: none is, the driver has to poll. */
  readonly vectors: number
  /** The device reaches all memory, or some, by itself: what it writes is not seen here. */
  readonly mapsMemory: boolean
}

/** How a connection cannot be made ready. */
export type SessionError<E> = E | CallError | VersionRefused

const notPci = (name: string, flags: number): ENODEV =>
  new ENODEV(
    because(
      "attach.pci",
      "the device is a PCI function",
      name,
      `flags ${flags}`,
      `flag ${isPci}`,
      "attach another device"
    )
  )

const regionsOf = (client: Client, count: number): Effect.Effect<ReadonlyArray<number>, CallError> =>
  Effect.forEach(
    Array.from({ length: count }, (_, index) => index),
    (index) => Effect.map(client.regionInfo(index), ({ size }) => Number(size)),
    { concurrency: "unbounded" }
  )

/** Maps ranges on the device: by their file where it can be passed, else the device asks for each access. */
const mapperOf = (client: Client, passes: boolean) => ({
  map: ({ address, descriptor, size }: Range) => {
    const mapping = { address, size: BigInt(size), read: true, write: true }
    const byFile = passes && descriptor !== undefined
    return client.dmaMap(byFile ? { ...mapping, file: { descriptor, offset: 0n } } : mapping)
  },
  unmap: ({ address, size }: Range) => client.dmaUnmap(address, BigInt(size))
})

const noInterrupts = (name: string): Effect.Effect<void> =>
  Effect.logInfo(`${name}: no interrupts, because this connection passes no descriptors; the driver has to poll`)

/** Assigns an eventfd to each vector and tells `lines` when one is signalled. Gives how many vectors are told. */
const arm = <E>(
  client: Client,
  wire: Wire<E>,
  lines: InterruptLines,
  passes: boolean
): Effect.Effect<number, E | CallError, Scope.Scope> =>
  Effect.gen(function* () {
    const { eventfd, name } = wire
    const { count } = yield* client.irqInfo(msix)
    if (count === 0) return 0
    if (!passes || eventfd === undefined) return yield* Effect.as(noInterrupts(name), 0)
    const sources = yield* Effect.replicateEffect(eventfd, count)
    for (const [vector, { take }] of sources.entries()) {
      yield* Effect.forkScoped(Effect.interruptible(Effect.forever(Effect.map(take, () => lines.raise(vector)))))
    }
    yield* client.assignEventfds(
      msix,
      0,
      sources.map(({ descriptor }) => descriptor)
    )
    return count
  })

/** Connects and makes everything ready; until the scope ends. */
export const openSession = <E>(
  space: AddressSpace,
  wire: Wire<E>,
  lines: InterruptLines
): Effect.Effect<Session, SessionError<E>, Scope.Scope> =>
  Effect.gen(function* () {
    const { closeDescriptor, name, open } = wire
    const client = yield* makeClient(open, { dma: space.dma, ...(closeDescriptor && { closeDescriptor }) })
    const passes = client.negotiated.maxDescriptors > 0
    yield* space.join(mapperOf(client, passes))
    const info = yield* client.info
    if ((info.flags & isPci) === 0) return yield* notPci(name, info.flags)
    const regions = yield* regionsOf(client, info.regions)
    const vectors = yield* arm(client, wire, lines, passes)
    const mapsMemory = passes && space.ranges.some(({ descriptor }) => descriptor !== undefined)
    return { name, client, space, regions, vectors, mapsMemory }
  })

/** The device signals nothing here any more. One that is away does not either. */
export const disarm = ({ client, name, vectors }: Session): Effect.Effect<void> =>
  vectors === 0
    ? Effect.void
    : Effect.catchAll(client.disable(msix), (error) =>
        Effect.logDebug(`${name}: interrupts not given back: ${isErrno(error) ? error._tag : error.message}`)
      )
