/**
 * The PF's driver over the actors of an emulated PF and its VFs: SR-IOV, restarts, AER, heartbeats. All rules are in the PF and in the VFs; here
 * is who is told, and the waiting. Source: `qat_common/adf_aer.c`, `adf_sriov.c`, `adf_pfvf_pf_msg.c`, `adf_heartbeat.c`.
 *
 * D1 A restart: RESTARTING to the VFs that have sent INIT; those of version 5 or later have 100 times 100 ms to be ready; all VFs are reset; RESTARTED.
 * D2 Begun, a restart goes on when its caller is interrupted. One that a process left unfinished is ended by `recover`.
 * D3 A VF that does not read or answer holds nothing up beyond its time: the PF has a record of it, and goes on.
 * D4 A VF that answered RESTARTING counts as not initialised until it says INIT again, and is not told RESTARTED: so the driver has it.
 * D5 SLAs stay over a restart.
 */
import { ENODEV, type Errno } from "@stopcopy/errno"
import type { JournalError } from "@stopcopy/runtime"
import { Clock, Effect, Fiber } from "effect"
import type { PfActor, VfActor } from "../Actors.ts"
import type { PfMessage } from "../DeviceEvent.ts"
import { asymmetricRequestBytes, requestBytes } from "../engine/Message.ts"
import { fetchable, hasUnplaced } from "../EngineWork.ts"
import { answersRestarting } from "../pfvf/MailboxState.ts"
import { because } from "../Refusals.ts"
import { banksPerVf } from "../Registers.ts"
import { engineBank } from "../VfDevice.ts"
import type { Vf } from "../VfState.ts"
import { codeOf, ServiceCode } from "./ServiceMap.ts"
import { send, within } from "./Send.ts"
import type { PfCommand } from "./Command.ts"
import type { PfDevice } from "./State.ts"

type Step<A = void> = Effect.Effect<A, Errno | JournalError>

/** What AER says of a channel: `frozen` and `normal` end in a reset of the slot, `permanent` in nothing. */
export type Channel = "normal" | "frozen" | "permanent"

export interface PfDriver {
  /**
   * Writes `sriov_numvfs`: any number but 0 enables all VFs. Gives how many are enabled then. `ERANGE`, `EINVAL`, `EBUSY`, `EFAULT`, as the kernel.
   * `hostUsers`: who uses the device on the host itself. VFs that are bound or open are found here.
   */
  readonly setVfs: (
    vfs: number,
    world?: { readonly iommu?: boolean; readonly hostUsers?: ReadonlyArray<string> }
  ) => Step<number>
  /** Restarts the device. One that restarts already is left to that. */
  readonly reset: Step
  /** AER found an error: users of the VFs are told, VFs are told and reset. `disconnect` where nothing will come back. */
  readonly errorDetected: (channel: Channel) => Step<"need reset" | "disconnect">
  /** The slot was reset: the device serves again. `disconnect` if it is gone. */
  readonly slotReset: Step<"recovered" | "disconnect">
  /** A function-level reset of one VF. `ENODEV` for one that there is not. */
  readonly resetVf: (vf: number) => Step
  /** Asks whether the device still works; if it does not, VFs are told, and it is reset if it is set up so. `EINVAL` less than 200 ms after the last. */
  readonly heartbeat: Step<"alive" | "unresponsive">
  /** Ends a restart that an earlier process began. One that waits for the slot's reset goes on waiting. */
  readonly recover: Step
}

interface Parts {
  readonly pf: PfActor
  readonly vfs: ReadonlyArray<VfActor>
  /** One restart begins at a time: of two that are asked for at once the second finds the first. */
  readonly beginning: Effect.Semaphore
}

/** How long VFs have to get ready for a restart, in milliseconds. */
const readyMillis = 100 * 100

const deviceOf = ({ pf }: Parts): PfDevice | undefined => pf.unsafeState().device

const forEachVf = <A>({ vfs }: Parts, act: (vf: VfActor) => Step<A>): Step<ReadonlyArray<A>> =>
  Effect.forEach(vfs, act, { concurrency: "unbounded" })

/** Sends to every VF that is to be told; gives those that were. One that does not read it was told nevertheless. */
const tell = (parts: Parts, message: PfMessage): Step<ReadonlyArray<VfActor>> =>
  Effect.map(
    forEachVf(parts, (vf) =>
      Effect.map(
        Effect.catchTag(send(parts.pf, vf, message), "ETIMEDOUT", () => Effect.succeed(true)),
        (told) => (told ? [vf] : [])
      )
    ),
    (told) => told.flat()
  )

const isReady = ({ device, lifecycle }: Vf): boolean => device?.restarting !== true || lifecycle !== "open"

/** Waits until those who answer RESTARTING have, and records who has not. */
const awaitReady = (parts: Parts, told: ReadonlyArray<VfActor>): Step =>
  Effect.gen(function* () {
    const answering = told.filter((vf) => answersRestarting(vf.unsafeState()))
    const late = yield* Effect.forEach(
      answering,
      (vf) => Effect.map(within(vf, isReady, readyMillis), (ready) => (ready ? [] : [vf.unsafeState().vfNumber])),
      { concurrency: "unbounded" }
    )
    yield* parts.pf.ask({ _tag: "NoteRunning", vfs: late.flat() })
  })

/** Banks, masks and mailboxes as they come up, migrations over; the PF listens to all VFs again. */
const resetVfs = (parts: Parts): Step =>
  Effect.asVoid(
    forEachVf(parts, (vf) =>
      Effect.zipRight(
        vf.ask({ _tag: "ResetDone" }),
        Effect.suspend(() =>
          vf.unsafeState().device === undefined ? Effect.void : vf.ask({ _tag: "RestartMailbox", forget: false })
        )
      )
    )
  )

const quiesce = (parts: Parts): Step => Effect.flatMap(tell(parts, "RESTARTING"), (told) => awaitReady(parts, told))

/** The device is up again; what remains of a restart. */
const comeBack = (parts: Parts): Step =>
  Effect.gen(function* () {
    yield* resetVfs(parts)
    yield* tell(parts, "RESTARTED")
    yield* parts.pf.ask({ _tag: "EndRestart" })
  })

/** In a fiber of its own, which outlives an interrupted caller. */
const carriedOn = <A>(step: Step<A>): Step<A> =>
  Effect.flatMap(Effect.forkDaemon(Effect.interruptible(step)), Fiber.join)

/** Begins a restart; false if one is under way, or the device is gone. */
const begin = (parts: Parts, cause: "reset" | "error"): Step<boolean> =>
  Effect.suspend(() => {
    const device = deviceOf(parts)
    const idle = device === undefined || (device.restart === null && !device.lost)
    return Effect.as(parts.pf.ask({ _tag: "BeginRestart", cause }), idle)
  }).pipe(parts.beginning.withPermits(1))

const reset = (parts: Parts): Step =>
  carriedOn(
    Effect.flatMap(begin(parts, "reset"), (begun) =>
      begun ? Effect.zipRight(quiesce(parts), comeBack(parts)) : Effect.void
    )
  )

const tellUsers = (parts: Parts): Step =>
  Effect.asVoid(
    forEachVf(parts, (vf) =>
      vf.unsafeState().lifecycle === "unbound" ? Effect.void : Effect.asVoid(vf.ask({ _tag: "ErrorDetected" }))
    )
  )

const errorDetected = (parts: Parts, channel: Channel): Step<"need reset" | "disconnect"> =>
  carriedOn(
    Effect.gen(function* () {
      yield* tellUsers(parts)
      if (channel === "permanent") {
        yield* parts.pf.ask({ _tag: "LoseDevice" })
        return "disconnect"
      }
      if (yield* begin(parts, "error")) {
        yield* tell(parts, "FATAL_ERROR")
        yield* quiesce(parts)
      }
      return deviceOf(parts)?.lost === true ? "disconnect" : "need reset"
    })
  )

const slotReset = (parts: Parts): Step<"recovered" | "disconnect"> =>
  carriedOn(
    Effect.suspend(() => {
      const device = deviceOf(parts)
      if (device?.lost === true) return Effect.succeed("disconnect" as const)
      return Effect.as(device?.restart === "error" ? comeBack(parts) : Effect.void, "recovered" as const)
    })
  )

const noSuchVf = (vf: number, there: ReadonlyArray<number>): ENODEV =>
  new ENODEV(because("pf.vf", "the PF has this VF", "VF", `${vf}`, there.join(", "), "name a VF of this PF"))

const resetVf = (parts: Parts, number: number): Step =>
  Effect.suspend(() => {
    const numbers = parts.vfs.map((vf) => vf.unsafeState().vfNumber)
    const vf = parts.vfs[numbers.indexOf(number)]
    return vf === undefined ? noSuchVf(number, numbers) : Effect.asVoid(vf.ask({ _tag: "ResetDone" }))
  })

const requestBytesOf = (svcmap: number, bank: number): number =>
  codeOf(svcmap, bank) === ServiceCode.asymmetric ? asymmetricRequestBytes : requestBytes

/** Ring pairs with something to fetch or to place, and what they have done so far. */
const working = ({ pf, vfs }: Parts): Extract<PfCommand, { readonly _tag: "CheckHeartbeat" }>["working"] => {
  const { svcmap } = pf.unsafeState()
  return vfs.flatMap((actor) => {
    const vf = actor.unsafeState()
    const { device } = vf
    if (device === undefined) return []
    return Array.from({ length: banksPerVf }, (_, bank) => bank).flatMap((bank) => {
      const unplaced = hasUnplaced(vf, bank)
      if (!unplaced && fetchable(vf, bank, requestBytesOf(svcmap, bank)) === undefined) return []
      const { executed, placed } = engineBank(device, bank)
      return [{ pair: banksPerVf * vf.vfNumber + bank, progress: executed + placed, unplaced }]
    })
  })
}

const heartbeat = (parts: Parts): Step<"alive" | "unresponsive"> =>
  Effect.gen(function* () {
    const at = yield* Clock.currentTimeMillis
    const before = deviceOf(parts)?.heartbeat.fatalAt
    yield* parts.pf.ask({ _tag: "CheckHeartbeat", at, working: working(parts) })
    const device = deviceOf(parts)
    if (device === undefined || device.restart !== null || device.lost) return "unresponsive"
    if (device.heartbeat.alive !== false) return "alive"
    if (device.heartbeat.fatalAt !== before) {
      yield* carriedOn(tell(parts, "FATAL_ERROR"))
      if (device.autoReset) yield* reset(parts)
    }
    return "unresponsive"
  })

const usersOf = ({ vfs }: Parts): ReadonlyArray<string> =>
  vfs.flatMap((vf) => {
    const { lifecycle, vfNumber } = vf.unsafeState()
    return lifecycle === "unbound" ? [] : [`VF ${vfNumber} (${lifecycle})`]
  })

const setVfs = (parts: Parts, vfs: number, iommu: boolean, hostUsers: ReadonlyArray<string>): Step<number> =>
  Effect.gen(function* () {
    const before = deviceOf(parts)?.vfs ?? 0
    yield* parts.pf.ask({ _tag: "SetVfs", vfs, iommu, users: [...hostUsers, ...usersOf(parts)], memory: 0 })
    const enabled = deviceOf(parts)?.vfs ?? 0
    if (before === 0 && enabled !== 0) {
      yield* forEachVf(parts, (vf) =>
        vf.unsafeState().device === undefined ? Effect.void : vf.ask({ _tag: "RestartMailbox", forget: true })
      )
    }
    return enabled
  })

const recover = (parts: Parts): Step =>
  Effect.suspend(() => (deviceOf(parts)?.restart === "reset" ? carriedOn(comeBack(parts)) : Effect.void))

/** The driver over a PF and those of its VFs that there are, in any order. */
export const make = (pf: PfActor, vfs: ReadonlyArray<VfActor>): PfDriver => {
  const parts: Parts = { pf, vfs, beginning: Effect.unsafeMakeSemaphore(1) }
  return {
    setVfs: (number, { hostUsers = [], iommu = true } = {}) => setVfs(parts, number, iommu, hostUsers),
    reset: reset(parts),
    errorDetected: (channel) => errorDetected(parts, channel),
    slotReset: slotReset(parts),
    resetVf: (vf) => resetVf(parts, vf),
    heartbeat: heartbeat(parts),
    recover: recover(parts)
  }
}
