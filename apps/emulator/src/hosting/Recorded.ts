/**
 * What the journal has of PFs and VFs, and whether it is what somebody describes. A PF that is there stays as it is recorded: a description that says
 * something else is refused before anything is changed.
 */
import { Pf, Vf } from "@stopcopy/qat"
import { ActorSystem, Journal, type JournalError } from "@stopcopy/runtime"
import { Effect } from "effect"
import type { PfDescription } from "../description/PfDescription.ts"
import { vfName } from "./Names.ts"
import { ContradictsJournal, NothingToHost } from "./StartError.ts"

/** A PF to be hosted: with what to do first, if that has not been done. */
export interface PlannedPf {
  readonly name: string
  readonly vfs: number
  readonly mode: "safe" | "kernel"
  /** Undefined: it is configured. */
  readonly configure: PfDescription["configure"] | undefined
}

interface RecordedPf {
  readonly name: string
  readonly vfs: number
  readonly state: Pf.Pf
  /** Of its VFs; undefined while they are not probed. */
  readonly mode: "safe" | "kernel" | undefined
}

const prefix = "pf/"

/** PFs that were configured. */
const recorded: Effect.Effect<ReadonlyArray<RecordedPf>, JournalError, ActorSystem | Journal> = Effect.gen(
  function* () {
    const [system, journal] = yield* Effect.all([ActorSystem, Journal])
    const streams = yield* journal.streams()
    const names = streams.flatMap(({ stream }) => (stream.startsWith(prefix) ? [stream.slice(prefix.length)] : []))
    const found: Array<RecordedPf> = []
    for (const name of names) {
      const state = yield* (yield* system.actor(Pf.behavior, name)).state
      if (state.device === undefined) continue
      const { lifecycle, mode } = yield* (yield* system.actor(Vf.behavior, vfName(name, 0))).state
      found.push({ name, vfs: state.device.totalVfs, state, mode: lifecycle === "unbound" ? undefined : mode })
    }
    return found
  }
)

const hex = (value: number): string => `0x${value.toString(16)}`

const slaText = (slas: Pf.Pf["slas"]): string =>
  slas.length === 0
    ? "none"
    : slas
        .map(
          ({ cir, pir, ringPairMask, service }) =>
            `service ${service} of ring pairs 0x${ringPairMask.toString(16)} ${cir}:${pir}`
        )
        .join(", ")

/** What of a description is not as it is recorded. */
const differences = ({ configure, mode, name, vfs }: PfDescription, before: RecordedPf): ReadonlyArray<string> => {
  const { state } = before
  const rows: ReadonlyArray<readonly [field: string, recorded: string, described: string]> = [
    ["VFs", `${before.vfs}`, `${vfs}`],
    ["PCI device id", hex(state.deviceId), hex(configure.deviceId)],
    ["capabilities", hex(state.gencap), hex(configure.gencap)],
    ["ring-to-service map", hex(state.svcmap), hex(configure.svcmap)],
    ["compression capabilities", hex(state.extdc), hex(configure.extdc)],
    ["automatic reset", `${state.device?.autoReset}`, `${configure.device?.autoReset}`],
    ["SLAs", slaText(state.slas), slaText(configure.slas)],
    ["mode", before.mode ?? mode, mode]
  ]
  return rows
    .filter(([, there, here]) => there !== here)
    .map(([field, there, here]) => `PF ${name}: ${field} recorded ${there}, described ${here}`)
}

/** The PFs to be hosted: all that are recorded, as they are recorded, and those that are new. */
export const plannedPfs = (
  described: ReadonlyArray<PfDescription>
): Effect.Effect<ReadonlyArray<PlannedPf>, ContradictsJournal | NothingToHost | JournalError, ActorSystem | Journal> =>
  Effect.gen(function* () {
    const journal = yield* Journal
    const found = yield* recorded
    const known = new Map(found.map((pf) => [pf.name, pf]))
    const missing = described.length === 0 ? [] : found.filter(({ name }) => !described.some((pf) => pf.name === name))
    const contradictions = [
      ...missing.map(({ name }) => `PF ${name} is recorded and not described: its guests would find no device`),
      ...described.flatMap((pf) => {
        const before = known.get(pf.name)
        return before === undefined ? [] : differences(pf, before)
      })
    ]
    if (contradictions.length > 0) return yield* new ContradictsJournal({ journal: journal.name, contradictions })
    const modeOf = (pf: RecordedPf) => pf.mode ?? described.find(({ name }) => name === pf.name)?.mode ?? "safe"
    const all: ReadonlyArray<PlannedPf> = [
      ...found.map((pf) => ({ name: pf.name, vfs: pf.vfs, mode: modeOf(pf), configure: undefined })),
      ...described.filter(({ name }) => !known.has(name))
    ]
    return all.length === 0 ? yield* new NothingToHost({ journal: journal.name }) : all
  })
