/** Guests: each has its memory, a VF that its VMM attaches over vfio-user, the driver, and work that is checked answer by answer. */
import type { ENOSPC } from "@stopcopy/errno"
import { AddressSpace, Arena, attach, type Attachment, QatDriver } from "@stopcopy/vmm"
import { type Host as VmmHost, type LaneOptions, type MemoryError, Workload } from "@stopcopy/vmm/node"
import { Effect, Exit, Scope } from "effect"

/** Where the memory of a guest begins. */
const memoryAddress = 0x1_0000_0000n

/** Services of a bank, as the ring-to-service map has them. */
const compression = 2

/** How much a guest does. */
export interface Size {
  /** Guest memory in bytes: the driver's alone. */
  readonly memory: number
  /** Banks that it uses, at most. */
  readonly banks: number
  /** Jobs that are under way at most. */
  readonly jobs: number
  /** The longest pause between two arrivals, in milliseconds. */
  readonly pauseMillis: number
}

/** All four banks, as fast as it goes; and one bank, now and then. */
export const busy: Size = { memory: 4 << 20, banks: 4, jobs: 64, pauseMillis: 20 }
export const calm: Size = { memory: 1 << 20, banks: 1, jobs: 8, pauseMillis: 250 }

/** Guest memory on one host, and how it is given back. */
export interface Room {
  readonly space: AddressSpace
  readonly free: Effect.Effect<void>
}

/** The machine has no memory left for it. */
type RoomError = MemoryError | ENOSPC

export interface Guest {
  readonly name: string
  readonly attachment: Attachment
  readonly workload: Workload
  /** What runs, for people. */
  readonly kinds: ReadonlyArray<string>
  /** Memory of the same size: what it has there when it has moved. */
  readonly newRoom: Effect.Effect<Room, RoomError>
  /** Where it is now. */
  readonly place: { host: string; device: string; room: Room }
}

interface GuestOptions {
  readonly name: string
  readonly host: string
  readonly device: string
  readonly socketPath: string
  readonly size: Size
  /** Its work is the same every time; when it is done is not. */
  readonly seed: number
}

const roomOf = (vmm: VmmHost, size: number): Effect.Effect<Room, RoomError> =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const memory = yield* Scope.extend(vmm.memory([{ address: memoryAddress, size }]), scope)
    const free = Scope.close(scope, Exit.void)
    return { space: yield* Effect.onError(AddressSpace.make(memory), () => free), free }
  })

/** Symmetric banks encrypt, one in GCM with interrupts, the next in CBC by polling; the others compress. A guest with fewer banks begins at the bank of its seed. */
const lanesOf = (services: ReadonlyArray<number>, { banks }: Size, seed: number): ReadonlyArray<LaneOptions> => {
  let symmetric = 0
  const all = services.map((service, bank): LaneOptions => {
    if (service === compression) return { bank, kind: "deflate" }
    symmetric++
    return symmetric % 2 === 1 ? { bank, kind: "aes-128-gcm", interrupts: true } : { bank, kind: "aes-128-cbc" }
  })
  const first = banks < all.length ? seed % all.length : 0
  return [...all.slice(first), ...all.slice(0, first)].slice(0, banks)
}

/** How long the step that a guest is in may take when it ends. */
const lastStep = "500 millis"

/** Attaches the VF, has the driver find it, and sets the rings up. The guest does not work yet, and is gone with the scope. */
export const makeGuest = (vmm: VmmHost, { device, host, name, seed, size, socketPath }: GuestOptions) =>
  Effect.gen(function* () {
    const newRoom = roomOf(vmm, size.memory)
    const place = { host, device, room: yield* newRoom }
    yield* Effect.addFinalizer(() => Effect.suspend(() => place.room.free))
    const attachment = yield* attach(place.room.space, vmm.wire(socketPath))
    // As before every boot: a guest that is gone may have left work in its rings.
    yield* attachment.reset
    const driver = yield* QatDriver.probe(attachment, new Arena({ address: memoryAddress, size: size.memory }))
    const lanes = lanesOf(driver.offer.services, size, seed)
    const { jobs, pauseMillis } = size
    const workload = yield* Workload.make(driver, { seed, lanes, jobs, pauseMillis })
    yield* Effect.addFinalizer(() => Effect.timeoutOption(Effect.interruptible(workload.processor.shut), lastStep))
    const guest: Guest = {
      name,
      attachment,
      workload,
      kinds: [...new Set(lanes.map(({ kind }) => kind))],
      newRoom,
      place
    }
    return guest
  })
