/** What a preflight and a migration are asked, from the arguments of a command. */
import type { PreflightRequest } from "@stopcopy/coordinator-api"
import { Effect, Option } from "effect"
import { Misuse } from "../Outcome.ts"
import { Coordinator } from "./Coordinator.ts"
import type { CallError } from "./Explain.ts"
import { parseDestination, parseDevices } from "./Names.ts"

export interface AskedOptions {
  /** `HOST/VF`, all VFs of one virtual machine. */
  readonly vfs: ReadonlyArray<string>
  readonly group: Option.Option<string>
  /** `HOST`, or a `HOST/VF` for each VF. */
  readonly to: ReadonlyArray<string>
  readonly incoming: boolean
}

/** The host of a group that is known by its name. */
const hostOf = (group: string): Effect.Effect<string, Misuse | CallError, Coordinator> =>
  Effect.gen(function* () {
    const { client } = yield* Coordinator
    const groups = yield* client.groups.list()
    const found = groups.find(({ name }) => name === group)
    if (found !== undefined) return found.host
    return yield* new Misuse({ message: `there is no group '${group}': name its VFs, or see stopcopy vf groups` })
  })

const sourceOf = ({ group, vfs }: AskedOptions) =>
  Effect.gen(function* () {
    const name = Option.getOrUndefined(group)
    const named = name === undefined ? {} : { group: name }
    if (vfs.length > 0) {
      const { devices, host } = yield* parseDevices(vfs)
      return { from: host, devices, ...named }
    }
    if (name === undefined)
      return yield* new Misuse({ message: "name the VFs to move, HOST/VF, or a group with --group" })
    return { from: yield* hostOf(name), ...named }
  })

type Wanted = Pick<AskedOptions, "to" | "incoming">

/** Where it is to go; nothing: the coordinator chooses. */
export const destinationOf = ({ incoming, to: texts }: Wanted) =>
  Effect.gen(function* () {
    const to = yield* parseDestination(texts)
    if (to === undefined && incoming)
      return yield* new Misuse({ message: "--incoming is about a destination: name it with --to" })
    if (to === undefined) return {}
    const { devices, host } = to
    return { to: { host, incoming, ...(devices === undefined ? {} : { devices }) } }
  })

/** The request. */
export const asked = (options: AskedOptions): Effect.Effect<PreflightRequest, Misuse | CallError, Coordinator> =>
  Effect.gen(function* () {
    const destination = yield* destinationOf(options)
    return { ...(yield* sourceOf(options)), ...destination }
  })
