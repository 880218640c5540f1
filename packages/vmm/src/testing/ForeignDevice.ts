/**
 * A device of somebody else: a PCI function with a few registers, and a state of which nobody but it knows what it is. It has what the protocol demands of a
 * device that migrates, and no more unless it is told: STOP_COPY.
 */
import { EINVAL, ENODEV, ENOTTY, type Errno } from "@stopcopy/errno"
import {
  Ioctl,
  type MigratableDevice,
  type MigrationFile,
  type MigrationState,
  MigrationStates,
  Path,
  type VfioDevice
} from "@stopcopy/vfio"
import { Effect, Either, Option } from "effect"

export interface ForeignOptions {
  /** Bytes of its state, 4 at least. Default: 300 KiB. */
  readonly stateBytes?: number
  /** Of `MigrationFlags`. Default: STOP_COPY alone. */
  readonly flags?: number
  /** PCI vendor and device. Default: 0x1af4, 0x10ff. */
  readonly ids?: readonly [vendor: number, device: number]
  /** Flips a bit at this offset when it loads its state. */
  readonly spoils?: number
  /** Waits with every piece of data that it takes. */
  readonly slow?: Effect.Effect<void>
  /** Told of every piece that is given or taken, in bytes. */
  readonly onData?: (kind: "given" | "taken", bytes: number) => void
}

const configBytes = 256
const barBytes = 4096

/** The most that one read of its data gives. */
const givenBytes = 128 * 1024

/** What a word of the state was when the device was made: no two pieces are alike. */
const pattern = (index: number): number => Math.imul(index + 1, 0x9e37_79b1) >>> 0

interface Session {
  readonly kind: "saving" | "resuming"
  position: number
  alive: boolean
}

const wrongLength = (arrived: number, wanted: number): EINVAL =>
  new EINVAL({
    refusal: {
      code: "foreign.length",
      rule: "the data are whole",
      where: "migration data",
      source: `${arrived} bytes`,
      destination: `${wanted} bytes`,
      remedy: "send all of it"
    }
  })

/** Word 0 of BAR 0 is the first of the state: what a guest writes there, it finds again. */
export class ForeignDevice implements VfioDevice, MigratableDevice {
  readonly name = "foreign"
  readonly flags: number
  readonly state: Uint8Array
  readonly regions = [
    { size: barBytes, readable: true, writable: true },
    ...Array.from({ length: 6 }, () => ({ size: 0, readable: false, writable: false })),
    { size: configBytes, readable: true, writable: true }
  ]
  readonly interrupts = Array.from({ length: 5 }, () => ({
    count: 0,
    maskable: false,
    automasked: false,
    noResize: false
  }))
  readonly migration = this
  readonly dmaLog = undefined
  /** Every state that it was in, from the first. */
  readonly history: Array<MigrationState> = ["RUNNING"]
  private session: Session | undefined
  private arrived: Uint8Array
  private readonly config = new Uint8Array(configBytes)
  private readonly options: ForeignOptions

  constructor(options: ForeignOptions = {}) {
    const { flags = 1, ids: [vendor, device] = [0x1af4, 0x10ff], stateBytes = 300 * 1024 } = options
    this.options = options
    this.flags = flags
    this.state = new Uint8Array(stateBytes)
    this.arrived = new Uint8Array(stateBytes)
    const words = new DataView(this.state.buffer)
    for (let at = 0; at + 4 <= stateBytes; at += 4) words.setUint32(at, pattern(at / 4), true)
    new DataView(this.config.buffer).setUint32(0, (device << 16) | vendor, true)
  }

  get now(): MigrationState {
    return this.history.at(-1) ?? "RUNNING"
  }

  private bytesOf(region: number): Uint8Array {
    return region === 0 ? this.state : this.config
  }

  readonly read: VfioDevice["read"] = (region, offset, into) =>
    Either.right(into.set(this.bytesOf(region).subarray(offset, offset + into.length)))

  readonly write: VfioDevice["write"] = (region, offset, bytes) =>
    Either.right(this.bytesOf(region).set(bytes.subarray(0, this.bytesOf(region).length - offset), offset))

  readonly writeAll: VfioDevice["writeAll"] = (writes) =>
    Either.right(
      writes.map(({ bytes, offset, region }) => {
        this.bytesOf(region).set(bytes, offset)
        return Either.void
      })
    )

  readonly attach: VfioDevice["attach"] = () => Effect.void

  private load(session: Session | undefined): EINVAL | undefined {
    if (session === undefined || session.position !== this.state.length) {
      return wrongLength(session?.position ?? 0, this.state.length)
    }
    this.state.set(this.arrived)
    const { spoils } = this.options
    if (spoils !== undefined) this.state[spoils] = (this.state[spoils] ?? 0) ^ 1
    return undefined
  }

  private step(to: MigrationState): Either.Either<Option.Option<MigrationFile>, EINVAL> {
    const from = this.now
    const bad = from === "RESUMING" ? this.load(this.session) : undefined
    if (bad !== undefined) return Either.left(bad)
    this.history.push(to)
    const effect = Path.sessionEffect({ from, to })
    if (effect === "none" || effect === "continuesSaving") return Either.right(Option.none())
    if (this.session !== undefined) this.session.alive = false
    this.session = undefined
    if (effect !== "opensSaving" && effect !== "opensResuming") return Either.right(Option.none())
    const session: Session = { kind: effect === "opensSaving" ? "saving" : "resuming", position: 0, alive: true }
    this.session = session
    return Either.right(Option.some(this.file(session)))
  }

  readonly setState: MigratableDevice["setState"] = (requested) =>
    Effect.suspend(() => {
      const { error, path } = Path.walk(this.flags, MigrationStates.toNumber(this.now), requested)
      let file: Option.Option<MigrationFile> = Option.none()
      for (const to of path.flatMap((number) => Option.toArray(MigrationStates.fromNumber(number)))) {
        const taken = this.step(to)
        if (Either.isLeft(taken)) return taken.left
        file = taken.right
      }
      return error === undefined ? Effect.succeed(file) : Effect.fail(error)
    })

  readonly getState: Effect.Effect<MigrationState> = Effect.sync(() => this.now)

  readonly dataSize: Effect.Effect<bigint> = Effect.sync(() => BigInt(this.state.length))

  readonly reset: Effect.Effect<void, Errno> = Effect.sync(() => {
    if (this.session !== undefined) this.session.alive = false
    this.session = undefined
    this.state.fill(0)
    this.history.push("RUNNING")
  })

  /** In pre-copy it has nothing to give. */
  private give(session: Session, length: number | bigint): Uint8Array {
    if (MigrationStates.isPreCopy(this.now)) return new Uint8Array(0)
    const count = Math.min(Number(length), givenBytes)
    const bytes = this.state.slice(session.position, session.position + count)
    session.position += bytes.length
    this.options.onData?.("given", bytes.length)
    return bytes
  }

  private take(session: Session, bytes: Uint8Array): Either.Either<number, EINVAL> {
    const after = session.position + bytes.length
    if (after > this.arrived.length) return Either.left(wrongLength(after, this.state.length))
    this.arrived.set(bytes, session.position)
    session.position = after
    this.options.onData?.("taken", bytes.length)
    return Either.right(bytes.length)
  }

  private file(session: Session): MigrationFile {
    const alive = Effect.suspend(() => (session.alive ? Effect.void : new ENODEV({})))
    return {
      kind: session.kind,
      read: (length) => Effect.map(alive, () => this.give(session, length)),
      write: (bytes) =>
        Effect.zipRight(
          Effect.zipRight(this.options.slow ?? Effect.void, alive),
          Effect.suspend(() => this.take(session, bytes))
        ),
      ioctl: (command) => (command === Ioctl.MIG_GET_PRECOPY_INFO ? new ENOTTY({}) : new EINVAL({})),
      close: Effect.void
    }
  }
}
