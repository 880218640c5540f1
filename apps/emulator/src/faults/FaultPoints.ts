/**
 * Where injected faults are met: at the messages of a VMM on its socket, at the operations that an agent is asked for, at drains, at the mailbox, at the data
 * of a migration. While no fault is injected, each of these is one comparison. Faults are gone with the process.
 *
 * F1 A message is counted once for each fault that is meant for it, in the order in which messages come.
 * F2 What waits for ever because of a fault goes on when the faults are cleared; a drain that hangs ends after its 5 s as for the driver.
 */
import { type Fault, FaultBook, type FaultKind, type HostFaults, type HostFailed } from "@stopcopy/agent"
import type { QatVfioPci } from "@stopcopy/qat"
import type { Engine } from "@stopcopy/qat/engine"
import type { MigratableDevice } from "@stopcopy/vfio"
import { commandName, type Interceptor, type Verdict } from "@stopcopy/vfio-user"
import { Effect, Runtime } from "effect"
import { faultyDriver } from "./FaultyDriver.ts"
import { faultyHardware } from "./FaultyHardware.ts"
import { faultyMigration } from "./FaultyMigration.ts"
import type { Meeting } from "./Meeting.ts"
import { checkFault, type FaultTag, kindsOf } from "./Messages.ts"

/** What a fault does besides what it does to the message that met it. */
interface Consequences {
  /** Restarts the PF of a device; begun, it goes on by itself. */
  readonly resetPf: (device: string) => Effect.Effect<void>
  readonly abort: Effect.Effect<void>
}

/** How long an answer that tells of an injected abort has to leave the process. */
const abortAfter = "100 millis"

export class FaultPoints implements Meeting {
  private readonly book = new FaultBook()
  private readonly runtime: Runtime.Runtime<never>
  private readonly consequences: Consequences
  /** Opened, and replaced, when faults are cleared. */
  private clearing = Effect.unsafeMakeLatch(false)

  constructor(runtime: Runtime.Runtime<never>, consequences: Consequences) {
    this.runtime = runtime
    this.consequences = consequences
  }

  /** The faults as the agent's calls have them. */
  readonly faults: HostFaults = {
    inject: (fault) =>
      Effect.gen(this, function* () {
        yield* checkFault(fault)
        const injected = yield* this.book.inject(fault)
        yield* this.atOnce(fault)
        const listed = yield* this.book.list
        return listed.find(({ id }) => id === injected.id) ?? injected
      }),
    list: Effect.suspend(() => this.book.list),
    clear: (ids) =>
      Effect.tap(this.book.clear(ids), () =>
        Effect.sync(() => {
          const { clearing } = this
          this.clearing = Effect.unsafeMakeLatch(false)
          clearing.unsafeOpen()
        })
      )
  }

  get isArmed(): boolean {
    return !this.book.empty
  }

  get cleared(): Effect.Effect<void> {
    return Effect.suspend(() => this.clearing.await)
  }

  meet(device: string, message: string, kinds: ReadonlyArray<FaultTag> = kindsOf(message)): ReadonlyArray<FaultKind> {
    if (this.book.empty) return []
    const met = this.book.meet({ device, message, kinds })
    for (const { _tag } of met) {
      if (_tag === "ResetPf") Runtime.runFork(this.runtime)(this.consequences.resetPf(device))
      if (_tag === "AbortProcess") Runtime.runSync(this.runtime)(this.consequences.abort)
    }
    return met
  }

  /** Stands between a VMM and its device. */
  interceptor(device: string): Interceptor {
    const { book } = this
    return {
      get isArmed() {
        return !book.empty
      },
      judge: (command) => {
        for (const kind of this.meet(device, commandName(command))) if (isVerdict(kind)) return kind
        return undefined
      }
    }
  }

  hardware(device: string, engine: Engine.Engine): Engine.Engine {
    return faultyHardware(this, device, engine)
  }

  driver(device: string, driver: QatVfioPci.QatVfioPci): QatVfioPci.QatVfioPci {
    return faultyDriver(this, device, driver)
  }

  migration(device: string, migration: MigratableDevice<HostFailed>): MigratableDevice<HostFailed> {
    return faultyMigration(this, device, migration)
  }

  /** Injecting is a message too: what needs no other is met by it. */
  private atOnce({ kind, target: { device } }: Fault): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (kind._tag === "AbortProcess") {
        // The answer goes out first.
        const later = Effect.zipRight(
          Effect.sleep(abortAfter),
          Effect.sync(() => this.meet(device ?? "", "Inject"))
        )
        return Effect.asVoid(Effect.forkDaemon(later))
      }
      if (device !== null) this.meet(device, "Inject")
      return Effect.void
    })
  }
}

const isVerdict = (kind: FaultKind): kind is Extract<FaultKind, Verdict> =>
  kind._tag === "Delay" || kind._tag === "Drop" || kind._tag === "Fail" || kind._tag === "LoseAnswer"
