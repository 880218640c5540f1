/**
 * What devices see of the guest by address: its memory, and windows onto the BARs of other devices. Source: PCI Express peer-to-peer transactions; DMA maps
 * of the vfio-user specification, sections 8 and 9.
 *
 * S1 A DMA that falls into a window is done as accesses to that region, a 32-bit word at a time, ascending: registers are 32 bits wide.
 * S2 Everything that is there is mapped on every attached device; a window that comes or goes later, too.
 */
import { type EEXIST, EINVAL, EIO, type ENOSPC, type Errno, isErrno } from "@stopcopy/errno"
import { type DmaAccess, IoAddressSpace } from "@stopcopy/vfio"
import type { CallError } from "@stopcopy/vfio-user"
import { Effect, type Scope } from "effect"
import { because, hex } from "./internal/words.ts"
import type { GuestMemory } from "./memory/GuestMemory.ts"

/** What is mapped for a device. `descriptor`: the file that has it, from its beginning on. */
export interface Range {
  readonly address: bigint
  readonly size: number
  readonly descriptor: number | undefined
}

/** A region behind a window. */
export interface WindowTarget {
  /** For refusals. */
  readonly name: string
  readonly read: (offset: number, length: number) => Effect.Effect<Uint8Array, { readonly message: string }>
  readonly write: (offset: number, bytes: Uint8Array) => Effect.Effect<void, { readonly message: string }>
}

/** A device for which ranges are mapped. */
export interface Mapper {
  readonly map: (range: Range) => Effect.Effect<void, CallError>
  readonly unmap: (range: Range) => Effect.Effect<void, CallError>
}

const wordBytes = 4

const notWords = (target: WindowTarget, offset: number, length: number): EINVAL =>
  new EINVAL(
    because(
      "window.words",
      "a peer's DMA into a BAR is whole words",
      target.name,
      `${hex(offset)} + ${length}`,
      `multiples of ${wordBytes}`,
      "align the DMA"
    )
  )

/** An errno for whatever a device answers: that is all a DMA can be told. */
const toErrno = (error: { readonly message: string }): Errno =>
  isErrno(error)
    ? error
    : new EIO(because("window.peer", "the peer answers", "window", error.message, "an answer", "look at the peer"))

const backingOf = (target: WindowTarget): IoAddressSpace.Backing => {
  const wordsOf = (offset: number, length: number): ReadonlyArray<number> | undefined =>
    offset % wordBytes === 0 && length % wordBytes === 0
      ? Array.from({ length: length / wordBytes }, (_, index) => index * wordBytes)
      : undefined
  return {
    read: (offset, length) => {
      const words = wordsOf(offset, length)
      if (words === undefined) return notWords(target, offset, length)
      const into = new Uint8Array(length)
      const readWord = (at: number) => Effect.map(target.read(offset + at, wordBytes), (bytes) => into.set(bytes, at))
      return Effect.as(Effect.mapError(Effect.forEach(words, readWord, { discard: true }), toErrno), into)
    },
    write: (offset, bytes) => {
      const words = wordsOf(offset, bytes.length)
      if (words === undefined) return notWords(target, offset, bytes.length)
      const writeWord = (at: number) => target.write(offset + at, bytes.subarray(at, at + wordBytes))
      return Effect.mapError(Effect.forEach(words, writeWord, { discard: true }), toErrno)
    },
    close: () => undefined
  }
}

export class AddressSpace {
  readonly memory: GuestMemory
  private readonly space = IoAddressSpace.make()
  private readonly windows = new Set<Range>()
  private readonly mappers = new Set<Mapper>()
  /** So that no range is mapped twice on a device that joins while a window is added. */
  private readonly turns = Effect.unsafeMakeSemaphore(1)

  private constructor(memory: GuestMemory) {
    this.memory = memory
  }

  /** A space with the guest's memory and no window. `ENOSPC` for a region beyond what a device may map. */
  static make(memory: GuestMemory): Effect.Effect<AddressSpace, EINVAL | EEXIST | ENOSPC> {
    return Effect.suspend(() => {
      const made = new AddressSpace(memory)
      const map = ({ address, backing, size }: (typeof memory.backings)[number]) =>
        made.space.map({ address, size: BigInt(size), read: true, write: true, backing })
      return Effect.as(Effect.forEach(memory.backings, map, { discard: true }), made)
    })
  }

  /** What a device's DMA goes to. */
  get dma(): DmaAccess {
    return this.space
  }

  /** All that a device is to map. */
  get ranges(): ReadonlyArray<Range> {
    return [...this.memory.regions, ...this.windows]
  }

  /** A window of `size` bytes onto a region, until the scope ends. `EEXIST` where something is already. */
  addWindow(address: bigint, size: number, target: WindowTarget): Effect.Effect<void, CallError, Scope.Scope> {
    const range: Range = { address, size, descriptor: undefined }
    const everywhere = <E>(run: (mapper: Mapper) => Effect.Effect<void, E>) =>
      Effect.suspend(() => Effect.forEach([...this.mappers], run, { discard: true }))
    const mapping = { address, size: BigInt(size), read: true, write: true, backing: backingOf(target) }
    const add = Effect.map(
      Effect.suspend(() => this.space.map(mapping)),
      () => void this.windows.add(range)
    )
    const remove = Effect.suspend(() => {
      this.windows.delete(range)
      return this.space.unmap(address, BigInt(size))
    })
    // A device that is away has lost its maps with its connection, and maps what is there when it comes back.
    const isAway = (error: CallError) => error._tag === "Disconnected"
    const tell = everywhere((mapper) => Effect.catchIf(mapper.map(range), isAway, () => Effect.void))
    const forget = everywhere((mapper) => Effect.ignoreLogged(mapper.unmap(range)))
    const release = this.turns.withPermits(1)(Effect.zipRight(Effect.orDie(remove), forget))
    return this.turns.withPermits(1)(
      Effect.zipRight(
        Effect.acquireRelease(add, () => release),
        tell
      )
    )
  }

  /** Maps everything on a device, now and later, until the scope ends. */
  join(mapper: Mapper): Effect.Effect<void, CallError, Scope.Scope> {
    return this.turns.withPermits(1)(
      Effect.zipRight(
        Effect.acquireRelease(
          Effect.sync(() => this.mappers.add(mapper)),
          () => Effect.sync(() => this.mappers.delete(mapper))
        ),
        Effect.suspend(() => Effect.forEach(this.ranges, mapper.map, { discard: true }))
      )
    )
  }
}
