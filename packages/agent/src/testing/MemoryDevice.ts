/**
 * A device in memory with every migration feature: registers of 32 bits, a capability mask that a destination must have. Its data is the mask,
 * given in pre-copy, then the registers, given in STOP_COPY; both little endian.
 */
import { EINVAL, EIO, type Errno } from "@stopcopy/errno"
import { type MigratableDevice, type MigrationFile, type MigrationState, MigrationStates, Path } from "@stopcopy/vfio"
import { Deferred, Effect, Option } from "effect"
import { MemoryFile } from "./MemoryFile.ts"

/** How a device is made. */
export interface MemoryDeviceOptions {
  /** Default: 0x3. */
  readonly capabilities?: number
  /** How many registers. Default: 8. */
  readonly registers?: number
  /** Told of every state that is reached. */
  readonly onState?: (state: MigrationState) => Effect.Effect<void>
  /** Whether the drain that begins now hangs, until the device is reset. */
  readonly hangs?: () => boolean
}

/** Bytes of the capability mask. */
const setupBytes = 4
/** STOP_COPY, P2P and PRE_COPY. */
const allFlags = 7

const refusal = (code: string, rule: string, source: string, destination: string, remedy: string) => ({
  refusal: { code: `memory.${code}`, rule, where: "migration data", source, destination, remedy }
})

/** The device. Its registers and capabilities are the test's to write. */
export class MemoryDevice implements MigratableDevice {
  readonly flags = allFlags
  readonly registers: Uint32Array
  readonly capabilities: number
  /** The file of the session that was opened last. */
  file: MemoryFile | undefined
  /** Open while a drain hangs. */
  readonly hanging = Effect.unsafeMakeLatch(false)
  private now: MigrationState = "RUNNING"
  private drain: Deferred.Deferred<void, Errno> | undefined
  private readonly options: MemoryDeviceOptions

  constructor(options: MemoryDeviceOptions = {}) {
    this.options = options
    this.capabilities = options.capabilities ?? 0x3
    this.registers = new Uint32Array(options.registers ?? 8)
  }

  /** The data of the whole device; in pre-copy its first part alone. */
  private saved(): Uint8Array {
    const bytes = new Uint8Array(setupBytes + (MigrationStates.isPreCopy(this.now) ? 0 : this.registers.byteLength))
    const view = new DataView(bytes.buffer)
    view.setUint32(0, this.capabilities, true)
    if (bytes.length === setupBytes) return bytes
    this.registers.forEach((value, index) => view.setUint32(setupBytes + 4 * index, value, true))
    return bytes
  }

  private judge(arrived: Uint8Array): EINVAL | undefined {
    if (arrived.length < setupBytes) return undefined
    const theirs = new DataView(arrived.buffer).getUint32(0, true)
    if ((theirs & ~this.capabilities) === 0) return undefined
    const [source, destination] = [`0x${theirs.toString(16)}`, `0x${this.capabilities.toString(16)}`]
    return new EINVAL(
      refusal("capabilities", "the destination has every capability", source, destination, "choose another")
    )
  }

  private load(arrived: Uint8Array): EINVAL | undefined {
    const expected = setupBytes + this.registers.byteLength
    if (arrived.length !== expected) {
      return new EINVAL(refusal("length", "the data is whole", `${arrived.length}`, `${expected}`, "send all of it"))
    }
    const view = new DataView(arrived.buffer, setupBytes)
    this.registers.forEach((_, index) => {
      this.registers[index] = view.getUint32(4 * index, true)
    })
    return undefined
  }

  /** The drain of an arc into a P2P state; a hanging one ends with the reset. */
  private drained(to: MigrationState): Effect.Effect<void, Errno> {
    return Effect.suspend(() => {
      if (!MigrationStates.isP2P(to) || this.options.hangs?.() !== true) return Effect.void
      return Effect.flatMap(Deferred.make<void, Errno>(), (drain) => {
        this.drain = drain
        return Effect.zipRight(this.hanging.open, Deferred.await(drain))
      })
    })
  }

  private session(from: MigrationState, to: MigrationState): Option.Option<MigrationFile> {
    const effect = Path.sessionEffect({ from, to })
    if (effect === "none" || effect === "continuesSaving") return Option.none()
    if (this.file !== undefined) this.file.alive = false
    if (effect !== "opensSaving" && effect !== "opensResuming") return Option.none()
    const file = new MemoryFile(effect === "opensSaving" ? "saving" : "resuming", {
      state: () => this.now,
      saved: () => this.saved(),
      judge: (arrived) => this.judge(arrived)
    })
    this.file = file
    return Option.some(file)
  }

  private step(to: MigrationState): Effect.Effect<Option.Option<MigrationFile>, Errno> {
    return Effect.suspend((): Effect.Effect<Option.Option<MigrationFile>, Errno> => {
      const from = this.now
      const bad = from === "RESUMING" ? this.load(this.file?.arrived ?? new Uint8Array(0)) : undefined
      if (bad !== undefined) return Effect.fail(bad)
      return Effect.zipRight(this.drained(to), Effect.as(this.reach(to), this.session(from, to)))
    })
  }

  private reach(state: MigrationState): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.now = state
      return this.options.onState?.(state) ?? Effect.void
    })
  }

  readonly setState: MigratableDevice["setState"] = (requested) =>
    Effect.suspend(() => {
      const { error, path } = Path.walk(allFlags, MigrationStates.toNumber(this.now), requested)
      const steps = path.flatMap((number) => Option.toArray(MigrationStates.fromNumber(number)))
      const walked = Effect.reduce(steps, Option.none<MigrationFile>(), (_, to) => this.step(to))
      return error === undefined ? walked : Effect.zipRight(walked, Effect.fail(error))
    })

  readonly getState: Effect.Effect<MigrationState> = Effect.sync(() => this.now)

  readonly dataSize: Effect.Effect<bigint> = Effect.sync(() => BigInt(setupBytes + this.registers.byteLength))

  readonly reset: Effect.Effect<void> = Effect.suspend(() => {
    const ended = this.drain === undefined ? Effect.void : Deferred.fail(this.drain, new EIO({}))
    this.drain = undefined
    this.hanging.unsafeClose()
    if (this.file !== undefined) this.file.alive = false
    this.registers.fill(0)
    return Effect.zipRight(ended, this.reach("RUNNING"))
  })
}
