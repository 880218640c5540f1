/**
 * Whether a device still works: ring pairs that have work to do must get on between two heartbeats. Source: `qat_common/adf_heartbeat.c`,
 * `adf_heartbeat.h`, `adf_heartbeat_inject.c`.
 *
 * The firmware counts requests and responses of each of its threads, and a thread hangs whose responses stand still while requests wait. Here a ring
 * pair takes the thread's place. The first heartbeat that sees it working has nothing to compare with, so a hang is found one heartbeat later.
 */
import { EINVAL } from "@stopcopy/errno"
import { Behavior } from "@stopcopy/runtime"
import { because } from "../Refusals.ts"
import type { PfCommand } from "./Command.ts"
import { accept, type Decision, onDevice } from "./Decision.ts"
import type { PfEvent } from "./Event.ts"
import type { Beat, Heartbeat, Pf, PfDevice } from "./State.ts"

type Command<Tag extends PfCommand["_tag"]> = Extract<PfCommand, { readonly _tag: Tag }>
type Check = Command<"CheckHeartbeat">

/** Least time between two heartbeats: the firmware's timer, which GEN4 devices have fixed. Milliseconds. */
const periodMillis = 200
/** A ring pair hangs that so many heartbeats in a row found where it was. */
const threshold = 3
/** Least time between two fatal errors that the VFs are told of, in milliseconds. */
const fatalMillis = 5_000

const tooOften = (at: number, last: number): EINVAL =>
  new EINVAL(
    because(
      "pf.heartbeat.period",
      "heartbeats keep their distance",
      "heartbeat",
      `${at - last} ms after the last`,
      `${periodMillis} ms`,
      "ask again later"
    )
  )

/** Requests that wait under an SLA may wait for it, however long: that is no hang. What was executed is placed whatever the SLA says. */
const mayWait = ({ rateLimiting, slas }: Pf, { pair, unplaced }: Check["working"][number]): boolean =>
  !unplaced && rateLimiting && slas.some(({ ringPairMask }) => ((ringPairMask >> BigInt(pair)) & 1n) === 1n)

const beatsOf = (state: Pf, { beats, injected }: Heartbeat, working: Check["working"]): ReadonlyArray<Beat> => {
  const seen = (pair: number) => beats.find((beat) => beat.pair === pair)
  const getting = working
    .filter((ringPair) => ringPair.pair !== injected && !mayWait(state, ringPair))
    .map(({ pair, progress }) => {
      const before = seen(pair)
      return { pair, progress, stalled: before?.progress === progress ? before.stalled + 1 : 0 }
    })
  if (injected === null) return getting
  // As the driver's injection has it: from the first heartbeat on it stands where it was.
  return [...getting, { pair: injected, progress: 0, stalled: (seen(injected)?.stalled ?? 0) + 1 }]
}

const checked = (state: Pf, { heartbeat }: PfDevice, { at, working }: Check): Decision => {
  const beats = beatsOf(state, heartbeat, working)
  const alive = beats.every(({ stalled }) => stalled < threshold)
  const events: Array<PfEvent> = [{ _tag: "HeartbeatChecked", at, alive, beats }]
  const { fatalAt } = heartbeat
  if (!alive && (fatalAt === null || at - fatalAt >= fatalMillis)) events.push({ _tag: "FatalErrorFound", at })
  return accept(events)
}

/** One heartbeat. None is counted while the device restarts; one that comes too early is `EINVAL` and leaves no event. */
export const check = (state: Pf, command: Check): Decision =>
  onDevice(state, "heartbeat", (device) => {
    const { heartbeat, lost, restart } = device
    if (restart !== null || lost) return accept([])
    const { checkedAt, injected } = heartbeat
    // An injected error stops the timer: heartbeats may then come as often as they like.
    const early = injected === null && checkedAt !== null && command.at - checkedAt < periodMillis
    return early ? Behavior.refuse([], tooOften(command.at, checkedAt)) : checked(state, device, command)
  })

/** Lets a ring pair look as if it hung. Its work goes on. */
export const inject = (state: Pf, { pair }: Command<"InjectHeartbeatError">): Decision =>
  onDevice(state, "inject a heartbeat error", () => accept([{ _tag: "HeartbeatErrorInjected", pair }]))
