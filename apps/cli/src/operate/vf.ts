/** `stopcopy vf`: the VFs of the fleet, where each could move and why not, and which belong to one virtual machine. */
import { DeviceState, Group, Placement, Vf, type VfFilter } from "@stopcopy/coordinator-api"
import { Effect, Either, Option, Schema } from "effect"
import { columns, plural } from "../Columns.ts"
import { jsonLine, printLines } from "../Lines.ts"
import { Misuse, type Outcome, Refused } from "../Outcome.ts"
import type { Terminal } from "../Terminal.ts"
import { blockersLines } from "./Blockers.ts"
import { Coordinator, type OperateOptions, operating, print, printAll } from "./Coordinator.ts"
import { parseDevices, parsePlace } from "./Names.ts"

export interface VfListOptions extends OperateOptions {
  readonly place: Option.Option<string>
  readonly state: Option.Option<string>
}

export interface VfOptions extends OperateOptions {
  readonly vf: string
}

export interface VfsOptions extends OperateOptions {
  readonly vfs: ReadonlyArray<string>
}

export interface GroupOptions extends OperateOptions {
  readonly name: string
}

const guestText = ({ attached, lifecycle }: Vf): string => (attached ? "attached" : lifecycle)

const vfTable = (vfs: ReadonlyArray<Vf>): ReadonlyArray<string> =>
  columns([
    ["VF", "state", "guest", "type", "epoch", "group", "migration"],
    ...vfs.map((vf) => [
      `${vf.host}/${vf.name}`,
      vf.state,
      guestText(vf),
      vf.deviceType,
      `${vf.epoch} ${vf.standing}`,
      vf.group ?? "-",
      vf.migration ?? "-"
    ])
  ])

const stateOf = (text: string): Either.Either<DeviceState, Misuse> =>
  Schema.is(DeviceState)(text)
    ? Either.right(text)
    : Either.left(
        new Misuse({ message: `--state '${text}' is no state: use one of ${DeviceState.literals.join(", ")}` })
      )

type DeviceState = typeof DeviceState.Type

/** `vf list` */
export const listVfs = (options: VfListOptions): Effect.Effect<void, Outcome, Terminal> =>
  operating(
    options,
    Effect.gen(function* () {
      const { client } = yield* Coordinator
      const state = yield* Effect.transposeMapOption(options.state, stateOf)
      const place = yield* Effect.transposeMapOption(options.place, parsePlace)
      const urlParams: VfFilter = {
        ...Option.getOrUndefined(Option.map(place, ({ host, pf }) => (pf === undefined ? { host } : { host, pf }))),
        ...Option.getOrUndefined(Option.map(state, (one) => ({ state: one })))
      }
      yield* printAll(options.json, Vf, yield* client.vfs.list({ urlParams }), (vfs) =>
        vfs.length === 0 ? ["no VF matches"] : vfTable(vfs)
      )
    })
  )

const versionText = (version: number | undefined): string =>
  version === undefined ? "unknown" : version === 0 ? "not announced" : String(version)

const vfLines = (vf: Vf): ReadonlyArray<string> => [
  `${vf.host}/${vf.name}`,
  ...columns([
    ["  state", vf.state],
    ["  guest", guestText(vf)],
    ["  PF and number", `${vf.pf}, VF ${vf.vfNumber}`],
    ["  device", `${vf.deviceType}, 8086:${vf.deviceId.toString(16).padStart(4, "0")}, ${vf.mode}`],
    ["  mailbox version", versionText(vf.compatVersion)],
    ["  socket", vf.socketPath],
    ["  epoch", `${vf.epoch}, ${vf.standing}`],
    ["  group", vf.group ?? "a group of its own"],
    ["  migration", vf.migration ?? "none"]
  ])
]

/** `vf show` */
export const showVf = (options: VfOptions): Effect.Effect<void, Outcome, Terminal> =>
  operating(
    options,
    Effect.gen(function* () {
      const { client } = yield* Coordinator
      const { devices, host } = yield* parseDevices([options.vf])
      const vfs = yield* client.vfs.list({ urlParams: { host } })
      const found = vfs.find(({ name }) => name === devices[0])
      if (found === undefined) {
        return yield* new Misuse({ message: `${host} has no VF '${devices[0]}': see stopcopy vf list ${host}` })
      }
      yield* print(options.json, Vf, found, vfLines)
    })
  )

const placementLines = ({ blockers, devices, host }: Placement): ReadonlyArray<string> =>
  blockers.length === 0
    ? [`${host}: fits, to ${devices.join(", ")}`]
    : [`${host}: does not fit, ${plural(blockers.length, "reason")}`, ...blockersLines(blockers)]

/** `vf placements`: fails with `Refused` if nothing fits. */
export const placements = (options: VfsOptions): Effect.Effect<void, Outcome, Terminal> =>
  operating(
    options,
    Effect.gen(function* () {
      const { client } = yield* Coordinator
      const { devices, host } = yield* parseDevices(options.vfs)
      const found = yield* client.vfs.placements({ urlParams: { host, device: devices } })
      yield* printAll(options.json, Placement, found, (all) =>
        all.length === 0 ? ["there is no other host"] : all.flatMap(placementLines)
      )
      if (found.some(({ blockers }) => blockers.length === 0)) return
      yield* new Refused({ message: `${options.vfs.join(", ")}: no other host takes it now` })
    })
  )

const groupCells = ({ devices, host, name }: Group): ReadonlyArray<string> => [
  name,
  devices.map((device) => `${host}/${device}`).join(" ")
]

const groupTable = (groups: ReadonlyArray<Group>): ReadonlyArray<string> =>
  columns([["group", "VFs"], ...groups.map(groupCells)])

/** `vf groups` */
export const listGroups = (options: OperateOptions): Effect.Effect<void, Outcome, Terminal> =>
  operating(
    options,
    Effect.gen(function* () {
      const { client } = yield* Coordinator
      yield* printAll(options.json, Group, yield* client.groups.list(), (groups) =>
        groups.length === 0 ? ["there is no group: every VF is one of its own"] : groupTable(groups)
      )
    })
  )

/** `vf group` */
export const defineGroup = (options: GroupOptions & VfsOptions): Effect.Effect<void, Outcome, Terminal> =>
  operating(
    options,
    Effect.gen(function* () {
      const { client } = yield* Coordinator
      const payload = yield* parseDevices(options.vfs)
      const group = yield* client.groups.define({ path: { group: options.name }, payload })
      yield* print(options.json, Group, group, (one) => columns([groupCells(one)]))
    })
  )

/** `vf ungroup` */
export const forgetGroup = (options: GroupOptions): Effect.Effect<void, Outcome, Terminal> =>
  operating(
    options,
    Effect.gen(function* () {
      const { client } = yield* Coordinator
      const { json, name } = options
      yield* client.groups.remove({ path: { group: name } })
      yield* printLines([
        json ? jsonLine({ removed: name }) : `${name} is no group any more; its VFs are groups of their own`
      ])
    })
  )
