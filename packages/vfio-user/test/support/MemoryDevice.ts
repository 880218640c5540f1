/**
 * A small device in memory: registers, interrupts, a migration stream that is its registers, a log of written pages. It answers at once; with `later` in a
 * fiber, with a gate when the test opens it.
 */
import { EBUSY, EINVAL, type Errno } from "@stopcopy/errno"
import {
  type DeviceUser,
  type DmaLog,
  Ioctl,
  type MigratableDevice,
  type MigrationFile,
  type MigrationState,
  MigrationStates,
  Path,
  PrecopyInfo,
  type Region,
  type VfioDevice
} from "@stopcopy/vfio"
import { Effect, Either, Option } from "effect"

/** A failure that is none of the protocol's. */
class JournalLost {
  readonly _tag = "JournalLost"
}

const absent: Region = { size: 0, readable: false, writable: false }
/** BAR0 with registers, BAR2 read-only, config space; nothing else. */
const regions: ReadonlyArray<Region> = [
  { size: 0x1000, readable: true, writable: true },
  absent,
  { size: 0x100, readable: true, writable: false },
  absent,
  absent,
  absent,
  absent,
  { size: 0x1000, readable: true, writable: true },
  absent
]
const vectors = (count: number) => ({ count, maskable: true, automasked: false, noResize: false })
/** Registers with a meaning, in BAR0: writing there fails with EINVAL; throws; fails with `JournalLost`. */
export const registers = { refuses: 0xf00, throws: 0xf04, loses: 0xf08 } as const

export interface Setup {
  readonly flags?: number
  readonly withoutMigration?: boolean
  readonly withoutLog?: boolean
  /** Before each access of a region, the reset and state changes; without it they answer at once. */
  readonly gate?: Effect.Effect<void>
  /** `device.reset` alone does not touch the migration state. */
  readonly resetKeeps?: boolean
}

export class MemoryDevice implements VfioDevice<JournalLost> {
  readonly name = "memory"
  readonly regions = regions
  readonly interrupts = [vectors(1), vectors(2), vectors(4), vectors(1), { ...vectors(1), automasked: true }]
  readonly migration: MigratableDevice<JournalLost> | undefined
  readonly dmaLog: DmaLog<JournalLost> | undefined
  readonly bar = new Uint8Array(0x1000)
  readonly config = new Uint8Array(0x1000)
  /** What reached the device, oldest first. */
  readonly calls: Array<string> = []
  /** Addresses of pages of 4096 bytes that were written. */
  readonly dirty = new Set<bigint>()
  state: MigrationState = "RUNNING"
  user: DeviceUser | undefined
  stuckBefore: MigrationState | undefined
  /** The size of each `writeAll`, and 1 for each `write`. */
  readonly batches: Array<number> = []
  readonly reset: Effect.Effect<void, Errno | JournalLost>
  private readonly setup: Setup

  constructor(setup: Setup = {}) {
    this.setup = setup
    this.migration = setup.withoutMigration === true ? undefined : this.makeMigration(setup.flags ?? 5)
    this.dmaLog = setup.withoutLog === true ? undefined : this.makeLog()
    this.reset = this.answer(() => {
      this.calls.push("reset")
      this.bar.fill(0)
      if (setup.resetKeeps !== true) this.state = "RUNNING"
    })
  }

  private answer<A>(make: () => A): Effect.Effect<A> {
    const { gate } = this.setup
    return gate === undefined ? Effect.suspend(() => Either.right(make())) : Effect.map(gate, make)
  }

  private memory(region: number): Uint8Array {
    return region === 0 ? this.bar : this.config
  }

  read(region: number, offset: number, into: Uint8Array): Effect.Effect<void, Errno | JournalLost> {
    const fill = () => into.set(this.memory(region).subarray(offset, offset + into.byteLength))
    if (offset === registers.throws && region === 0) throw new Error("the device is broken")
    if (this.setup.gate !== undefined) return this.answer(fill)
    if (offset === registers.refuses && region === 0) return Either.left(new EBUSY({}))
    if (offset === registers.loses && region === 0) return Either.left(new JournalLost())
    fill()
    return Either.void
  }

  write(region: number, offset: number, bytes: Uint8Array): Effect.Effect<void, Errno | JournalLost> {
    if (this.setup.gate === undefined) this.batches.push(1)
    return this.setup.gate === undefined
      ? this.writeNow(region, offset, bytes)
      : Effect.flatMap(this.setup.gate, () => this.writeNow(region, offset, bytes))
  }

  writeAll(
    writes: ReadonlyArray<{ readonly region: number; readonly offset: number; readonly bytes: Uint8Array }>
  ): Effect.Effect<ReadonlyArray<Either.Either<void, Errno>>, JournalLost> {
    const all = () => {
      this.batches.push(writes.length)
      return Either.right(writes.map(({ bytes, offset, region }) => this.writeRefusing(region, offset, bytes)))
    }
    return this.setup.gate === undefined ? all() : Effect.flatMap(this.setup.gate, all)
  }

  private writeNow(region: number, offset: number, bytes: Uint8Array): Either.Either<void, Errno | JournalLost> {
    return region === 0 && offset === registers.loses
      ? Either.left(new JournalLost())
      : this.writeRefusing(region, offset, bytes)
  }

  private writeRefusing(region: number, offset: number, bytes: Uint8Array): Either.Either<void, Errno> {
    if (region === 0 && offset === registers.throws) throw new Error("the device is broken")
    if (region === 0 && offset === registers.refuses) return Either.left(new EBUSY({}))
    this.memory(region).set(bytes, offset)
    return Either.void
  }

  attach(user: DeviceUser) {
    return Effect.asVoid(
      Effect.acquireRelease(
        Effect.suspend(() => {
          if (this.user !== undefined) return Effect.fail(new EBUSY({}))
          this.user = user
          this.calls.push("attach")
          return Effect.void
        }),
        () =>
          Effect.sync(() => {
            this.user = undefined
            this.calls.push("detach")
          })
      )
    )
  }

  private makeMigration(flags: number): MigratableDevice<JournalLost> {
    return {
      flags,
      getState: Effect.sync(() => this.state),
      dataSize: Effect.succeed(0x1000n),
      reset: this.answer(() => {
        this.calls.push("migration reset")
        this.state = "RUNNING"
      }),
      setState: (requested) => Effect.flatten(this.answer(() => this.walk(flags, requested)))
    }
  }

  private walk(flags: number, requested: number): Effect.Effect<Option.Option<MigrationFile<JournalLost>>, Errno> {
    let file: Option.Option<MigrationFile<JournalLost>> = Option.none()
    const { error, path } = Path.walk(flags, MigrationStates.toNumber(this.state), requested)
    for (const to of path.map((number) => Option.getOrThrow(MigrationStates.fromNumber(number)))) {
      if (to === this.stuckBefore) return Effect.fail(new EBUSY({}))
      file = this.fileOf(Path.sessionEffect({ from: this.state, to }))
      this.state = to
      this.calls.push(to)
    }
    return error === undefined ? Effect.succeed(file) : Effect.fail(error)
  }

  private fileOf(effect: Path.SessionEffect): Option.Option<MigrationFile<JournalLost>> {
    if (effect === "opensSaving") return Option.some(this.makeFile("saving"))
    return effect === "opensResuming" ? Option.some(this.makeFile("resuming")) : Option.none()
  }

  /** Saving: the registers of BAR0 from the first to the last byte. Resuming: the other way. */
  private makeFile(kind: MigrationFile["kind"]): MigrationFile<JournalLost> {
    let position = 0
    const move = (length: number): number => {
      const from = position
      position = Math.min(position + length, this.bar.byteLength)
      return from
    }
    return {
      kind,
      read: (length) => Effect.sync(() => this.bar.slice(move(Number(length)), position)),
      write: (bytes) =>
        Effect.suspend(() => {
          if (position + bytes.byteLength > this.bar.byteLength) return Effect.fail(new EINVAL({}))
          this.bar.set(bytes, move(bytes.byteLength))
          return Effect.succeed(bytes.byteLength)
        }),
      ioctl: (command, argument) =>
        Effect.flatMap(PrecopyInfo.check({ command, argument, state: this.state, alive: true }), (info) =>
          Effect.succeed(
            PrecopyInfo.encode({ ...info, initialBytes: 7n, dirtyBytes: BigInt(Ioctl.MIG_GET_PRECOPY_INFO & 1) })
          )
        ),
      close: Effect.sync(() => {
        this.calls.push(`close ${kind}`)
      })
    }
  }

  private makeLog(): DmaLog<JournalLost> {
    return {
      start: (pageSize, ranges) =>
        Effect.sync(() => {
          this.calls.push(`log ${pageSize} ${ranges.map(({ iova, length }) => `${iova}+${length}`).join(" ")}`)
        }),
      stop: Effect.sync(() => {
        this.calls.push("log stop")
      }),
      report: (iova, length, pageSize) =>
        Effect.sync(() => {
          const found = [...this.dirty].filter((page) => page >= iova && page < iova + length)
          for (const page of found) this.dirty.delete(page)
          return [...new Set(found.map((page) => page - ((page - iova) % pageSize)))]
        })
    }
  }
}
