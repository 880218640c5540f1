/** `stopcopy host`: the hosts that the coordinator knows, and which of them take no new guests. */
import { Host, HostSummary } from "@stopcopy/coordinator-api"
import { Effect } from "effect"
import { jsonLine, printLines } from "../Lines.ts"
import type { Outcome } from "../Outcome.ts"
import type { Terminal } from "../Terminal.ts"
import { Coordinator, type OperateOptions, operating, print, printAll } from "./Coordinator.ts"
import { cordonText, hostLines, hostTable } from "./HostText.ts"
import { parsePlace, type Place, placeText } from "./Names.ts"

export interface HostOptions extends OperateOptions {
  readonly name: string
}

export interface AddOptions extends HostOptions {
  readonly address: string
}

export interface PlaceOptions extends OperateOptions {
  readonly place: string
}

export interface CordonOptions extends PlaceOptions {
  readonly reason: string
}

/** `host list` */
export const listHosts = (options: OperateOptions): Effect.Effect<void, Outcome, Terminal> =>
  operating(
    options,
    Effect.gen(function* () {
      const { client } = yield* Coordinator
      yield* printAll(options.json, HostSummary, yield* client.hosts.list(), (hosts) =>
        hosts.length === 0 ? ["there is no host; add one: stopcopy host add NAME ADDRESS"] : hostTable(hosts)
      )
    })
  )

/** `host add` */
export const addHost = (options: AddOptions): Effect.Effect<void, Outcome, Terminal> =>
  operating(
    options,
    Effect.gen(function* () {
      const { client } = yield* Coordinator
      const { address, json, name } = options
      yield* print(json, Host, yield* client.hosts.register({ payload: { name, address } }), hostLines)
    })
  )

/** `host show` */
export const showHost = (options: HostOptions): Effect.Effect<void, Outcome, Terminal> =>
  operating(
    options,
    Effect.gen(function* () {
      const { client } = yield* Coordinator
      yield* print(options.json, Host, yield* client.hosts.describe({ path: { host: options.name } }), hostLines)
    })
  )

/** `host remove` */
export const removeHost = (options: HostOptions): Effect.Effect<void, Outcome, Terminal> =>
  operating(
    options,
    Effect.gen(function* () {
      const { client } = yield* Coordinator
      const { json, name } = options
      yield* client.hosts.remove({ path: { host: name } })
      yield* printLines([json ? jsonLine({ removed: name }) : `${name} is forgotten; its devices run on`])
    })
  )

const cordonOf = (host: Host, pf: string | undefined): string =>
  cordonText(pf === undefined ? host.cordon : (host.pfs.find(({ name }) => name === pf)?.cordon ?? null))

const cordonedText =
  (place: Place) =>
  (host: Host): ReadonlyArray<string> => [`${placeText(place)} takes no new guests: ${cordonOf(host, place.pf)}`]

/** `host cordon` */
export const cordon = (options: CordonOptions): Effect.Effect<void, Outcome, Terminal> =>
  operating(
    options,
    Effect.gen(function* () {
      const { client } = yield* Coordinator
      const place = yield* parsePlace(options.place)
      const { host, pf } = place
      const payload = { reason: options.reason }
      const after = yield* pf === undefined
        ? client.hosts.cordon({ path: { host }, payload })
        : client.hosts.cordonPf({ path: { host, pf }, payload })
      yield* print(options.json, Host, after, cordonedText(place))
    })
  )

/** `host uncordon` */
export const uncordon = (options: PlaceOptions): Effect.Effect<void, Outcome, Terminal> =>
  operating(
    options,
    Effect.gen(function* () {
      const { client } = yield* Coordinator
      const place = yield* parsePlace(options.place)
      const { host, pf } = place
      const after = yield* pf === undefined
        ? client.hosts.uncordon({ path: { host } })
        : client.hosts.uncordonPf({ path: { host, pf } })
      yield* print(options.json, Host, after, () => [`${placeText(place)} takes guests again`])
    })
  )
