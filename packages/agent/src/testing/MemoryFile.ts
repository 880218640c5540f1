/** The migration files of a device in memory: bytes in order, dead when their session ends. */
import { EBADF, ENODEV, ENOMSG, type Errno } from "@stopcopy/errno"
import { type MigrationFile, type MigrationState, MigrationStates, PrecopyInfo } from "@stopcopy/vfio"
import { Effect } from "effect"

/** What a file needs of its device. */
interface FileOwner {
  readonly state: () => MigrationState
  /** All that the saving session will give in the present state. */
  readonly saved: () => Uint8Array
  /** Judges what has arrived so far. */
  readonly judge: (arrived: Uint8Array) => Errno | undefined
}

/** One file of either kind. */
export class MemoryFile implements MigrationFile {
  readonly kind: "saving" | "resuming"
  /** What was written, on a resuming file. */
  arrived: Uint8Array = new Uint8Array(0)
  /** Whether the session goes on. */
  alive = true
  /** How many calls of `read` gave bytes, and the most that one gave. */
  readonly reads = { count: 0, longest: 0 }
  private position = 0
  private readonly owner: FileOwner

  constructor(kind: "saving" | "resuming", owner: FileOwner) {
    this.kind = kind
    this.owner = owner
  }

  private checked<A>(kind: "saving" | "resuming", then: () => Effect.Effect<A, Errno>): Effect.Effect<A, Errno> {
    return Effect.suspend((): Effect.Effect<A, Errno> => {
      if (!this.alive) return Effect.fail(new ENODEV({}))
      return kind === this.kind ? then() : Effect.fail(new EBADF({}))
    })
  }

  readonly read: MigrationFile["read"] = (length) =>
    this.checked("saving", () => {
      const bytes = this.owner.saved().slice(this.position, this.position + Number(length))
      if (bytes.length === 0) {
        return MigrationStates.isPreCopy(this.owner.state()) ? Effect.fail(new ENOMSG({})) : Effect.succeed(bytes)
      }
      this.position += bytes.length
      this.reads.count++
      this.reads.longest = Math.max(this.reads.longest, bytes.length)
      return Effect.succeed(bytes)
    })

  readonly write: MigrationFile["write"] = (bytes) =>
    this.checked("resuming", () => {
      const all = new Uint8Array(this.arrived.length + bytes.length)
      all.set(this.arrived)
      all.set(bytes, this.arrived.length)
      this.arrived = all
      const bad = this.owner.judge(all)
      return bad === undefined ? Effect.succeed(bytes.length) : Effect.fail(bad)
    })

  readonly ioctl: MigrationFile["ioctl"] = (command, argument) =>
    this.checked("saving", () =>
      Effect.map(
        PrecopyInfo.check({ command, argument, state: this.owner.state(), alive: this.alive }),
        ({ argsz, flags }) =>
          PrecopyInfo.encode({
            argsz,
            flags,
            initialBytes: BigInt(this.owner.saved().length - this.position),
            dirtyBytes: 0n
          })
      )
    )

  readonly close: Effect.Effect<void> = Effect.sync(() => {
    this.alive = false
  })
}
