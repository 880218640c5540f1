/**
 * The pages of guest memory that were written, by the CPU and by devices, as one log. Sources: DMA logging of `include/uapi/linux/vfio.h`; `vfio_get_dirty_bitmap`
 * of QEMU `hw/vfio/container-base.c`.
 *
 * A device that asks for each access writes through the guest's memory, which notes it. One that has mapped the file behind it writes past that: its own log is
 * asked, and what it says is noted in the memory as well, before pages are taken. So a page that was reported is never forgotten when something fails half-way.
 */
import type { EINVAL } from "@stopcopy/errno"
import type { CallError, Client } from "@stopcopy/vfio-user"
import { Effect, Either } from "effect"
import type { GuestMemory, Place } from "../memory/GuestMemory.ts"
import { pageBytes } from "../memory/DirtyPages.ts"

/** The most that one report covers, in bytes: its bitmap has 8 KiB. */
const reportBytes = 256 * 1024 * 1024
const page = BigInt(pageBytes)

/** A device whose writes count. */
export interface DirtySource<E> {
  /** Whether the device writes memory without this process. */
  readonly mapsMemory: () => boolean
  /** Calls the device, again if the answer was lost. */
  readonly use: <A>(call: (client: Client) => Effect.Effect<A, CallError>) => Effect.Effect<A, E>
}

/** Addresses and lengths in bytes. */
export interface DirtyTracking<E> {
  /** From now on writes are noted. An errno where a device maps memory and has no log: then its writes cannot be known. */
  readonly start: Effect.Effect<void, E>
  /** Addresses of the pages in a range of whole pages that were written since they were last taken, ascending; they are clean again. */
  readonly take: (address: bigint, length: number) => Effect.Effect<ReadonlyArray<bigint>, E | EINVAL>
  /** The same for all memory. */
  readonly takeAll: Effect.Effect<ReadonlyArray<bigint>, E | EINVAL>
  readonly stop: Effect.Effect<void, E>
}

const notePages = (memory: GuestMemory, bitmap: Uint8Array, { address, size }: Place): void => {
  for (let index = 0; index * pageBytes < size; index++) {
    if (((bitmap[index >> 3] ?? 0) & (1 << (index & 7))) !== 0)
      memory.mark(address + BigInt(index * pageBytes), pageBytes)
  }
}

/** Asks one device for the pages of a place. An answer that was lost took the pages with it: then all of them count. */
const noteReport = (memory: GuestMemory, place: Place) => (client: Client) =>
  client.reportDmaLogging(place.address, BigInt(place.size), page).pipe(
    Effect.map((bitmap) => notePages(memory, bitmap, place)),
    Effect.tapErrorTag("Disconnected", () => Effect.sync(() => memory.mark(place.address, place.size)))
  )

/** The parts of a range that are memory, in pieces that a report covers. */
const placesIn = (memory: GuestMemory, from: bigint, length: number): ReadonlyArray<Place> =>
  memory.regions.flatMap((region) => {
    const start = Math.max(0, Number(from - region.address))
    const end = Math.min(region.size, Number(from - region.address) + length)
    const count = Math.max(0, Math.ceil((end - start) / reportBytes))
    return Array.from({ length: count }, (_, index) => {
      const at = start + index * reportBytes
      return { address: region.address + BigInt(at), size: Math.min(reportBytes, end - at) }
    })
  })

/** One log over memory and the devices that write it. */
export const dirtyTracking = <E>(memory: GuestMemory, devices: ReadonlyArray<DirtySource<E>>): DirtyTracking<E> => {
  const ranges = memory.regions.map(({ address, size }) => ({ iova: address, length: BigInt(size) }))
  const logging = Effect.suspend(() => Effect.succeed(devices.filter((device) => device.mapsMemory())))
  const each = (run: (device: DirtySource<E>) => Effect.Effect<void, E>): Effect.Effect<void, E> =>
    Effect.flatMap(logging, (found) => Effect.forEach(found, run, { discard: true }))
  const stop = Effect.zipRight(
    Effect.sync(() => memory.stopTracking()),
    each((device) => device.use((client) => client.stopDmaLogging))
  )
  const start = Effect.zipRight(
    Effect.sync(() => memory.startTracking()),
    each((device) => Effect.asVoid(device.use((client) => client.startDmaLogging(page, ranges))))
  )
  const note = (address: bigint, length: number) =>
    each((device) =>
      Effect.forEach(placesIn(memory, address, length), (place) => device.use(noteReport(memory, place)), {
        discard: true
      })
    )
  const take = (address: bigint, length: number) =>
    Effect.flatMap(note(address, length), () => memory.takeDirty(address, length))
  // All is noted before a page is taken: what fails half-way has taken none.
  const takeAll = Effect.forEach(memory.regions, ({ address, size }) => note(address, size), { discard: true }).pipe(
    Effect.flatMap(() => Either.all(memory.regions.map(({ address, size }) => memory.takeDirty(address, size)))),
    Effect.map((pages) => pages.flat())
  )
  return { start: Effect.tapError(start, () => Effect.ignore(stop)), take, takeAll, stop }
}
