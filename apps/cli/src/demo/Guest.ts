/** The demo's guest: its memory, the VF that its VMM attaches over vfio-user, the driver, and work on every ring pair that is checked answer by answer. */
import { AddressSpace, Arena, attach, type Attachment, type GuestMemory, QatDriver } from "@stopcopy/vmm"
import { type Host as VmmHost, type LaneOptions, Workload } from "@stopcopy/vmm/node"
import { Effect } from "effect"

/** Guest memory in bytes: the driver's alone. */
const place = { address: 0x1_0000_0000n, size: 4 << 20 }

/** Work is the same every time; when it is done is not. */
const seed = 6

/** Services of a bank, as the ring-to-service map has them. */
const compression = 2

export interface Guest {
  readonly attachment: Attachment
  readonly workload: Workload
  /** What runs, for people. */
  readonly kinds: ReadonlyArray<string>
}

/** Memory for a guest, as devices see it. */
export const guestSpace = (vmm: VmmHost) =>
  Effect.flatMap(vmm.memory([place]), (memory: GuestMemory) => AddressSpace.make(memory))

/** Symmetric banks encrypt, one in GCM with interrupts, the next in CBC by polling; the others compress. */
const lanesOf = (services: ReadonlyArray<number>): ReadonlyArray<LaneOptions> => {
  let symmetric = 0
  return services.map((service, bank): LaneOptions => {
    if (service === compression) return { bank, kind: "deflate" }
    symmetric++
    return symmetric % 2 === 1 ? { bank, kind: "aes-128-gcm", interrupts: true } : { bank, kind: "aes-128-cbc" }
  })
}

/** Attaches the VF at this socket, has the driver find it, and sets the rings up. It does not work yet. */
export const makeGuest = (vmm: VmmHost, socketPath: string) =>
  Effect.gen(function* () {
    const attachment = yield* attach(yield* guestSpace(vmm), vmm.wire(socketPath))
    const driver = yield* QatDriver.probe(attachment, new Arena(place))
    const lanes = lanesOf(driver.offer.services)
    const workload = yield* Workload.make(driver, { seed, lanes })
    const guest: Guest = { attachment, workload, kinds: [...new Set(lanes.map(({ kind }) => kind))] }
    return guest
  })
