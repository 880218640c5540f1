/** One evacuation of a whole host by the coordinator as a process, and what it cost: time, downtimes by cause, memory, computing, the journal. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { type Client, Downtime, type Event, follow, idempotencyHeader, makeClient } from "@stopcopy/coordinator-api"
import { place } from "@stopcopy/workbench"
import { Chunk, Effect, Schedule, Schema, type Scope, Stream } from "effect"
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs"
import { join } from "node:path"
import { bareMigrations, clientOf, type Sides } from "./floor.ts"
import { coordinator, emulator, type Probed, type Process, vfsPerPf } from "./processes.ts"

/** PFs of either host whose VFs belong to nobody: those of the floor. */
const barePfs = 4

const folder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(place, "stopcopy-fleet-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const names = (pfs: number, first = 0): ReadonlyArray<string> =>
  Array.from({ length: pfs * vfsPerPf }, (_, vf) => `pf${first + Math.floor(vf / vfsPerPf)}/vf${vf % vfsPerPf}`)

/** What was measured. Times in milliseconds, memory in bytes. */
export interface Measured {
  readonly vfs: number
  readonly together: number
  readonly perSecond: number
  readonly downtimes: ReadonlyArray<Downtime>
  readonly unmoved: number
  readonly floor: { readonly perSecond: number; readonly downtimes: ReadonlyArray<number> }
  readonly plan: number
  readonly lists: Readonly<Record<"hosts" | "host" | "vfs" | "migrations" | "metrics", number>>
  readonly before: Probed
  readonly after: Probed
  readonly running: { readonly migrations: number; readonly probed: Probed }
  readonly emulators: ReadonlyArray<{ readonly before: Probed; readonly after: Probed }>
  readonly journalBytes: number
  readonly events: number
}

const policyOf = (together: number) => ({
  limits: { fleet: together, host: together, pf: vfsPerPf },
  ageingMillis: 60_000,
  // What is measured is not cut short.
  downtimeLimitMillis: 600_000,
  retry: { attempts: 3, baseMillis: 1000, maxMillis: 60_000, jitter: 0.5 },
  breaker: { failures: 5, pauseMillis: 30_000, maxPauseMillis: 600_000 }
})

interface World {
  readonly baseUrl: string
  readonly client: Client
  readonly process: Process
  readonly hosts: readonly [Process, Process]
  readonly sides: Sides
  readonly path: string
}

/** Two hosts, and a coordinator that knows them and a group for each VF that is to move. */
const world = (vfs: number, together: number): Effect.Effect<World, never, Scope.Scope> =>
  Effect.gen(function* () {
    const path = yield* folder
    const pfs = vfs / vfsPerPf + barePfs
    const hosts = yield* Effect.all([emulator(path, "alpha", pfs), emulator(path, "beta", pfs)], { concurrency: 2 })
    const process = yield* coordinator(path)
    const baseUrl = process.said("api")
    const client = yield* Effect.provide(makeClient({ baseUrl }), FetchHttpClient.layer)
    for (const [index, name] of (["alpha", "beta"] as const).entries()) {
      const address = hosts[index]?.said("agent") ?? ""
      yield* client.hosts.register({ payload: { name, address } })
    }
    yield* client.policy.put({ payload: policyOf(together) })
    yield* Effect.forEach(
      names(vfs / vfsPerPf),
      (device) =>
        client.groups.define({ path: { group: `vm-${device}` }, payload: { host: "alpha", devices: [device] } }),
      { concurrency: 16, discard: true }
    )
    const sides = {
      source: yield* clientOf(hosts[0].said("agent")),
      destination: yield* clientOf(hosts[1].said("agent"))
    }
    return { baseUrl, client, process, hosts, sides, path }
  }).pipe(Effect.orDie)

const isEnded = Schema.is(Schema.Struct({ phase: Schema.String, downtime: Downtime }))

const downtimesOf = (events: ReadonlyArray<Event>): ReadonlyArray<Downtime> =>
  events.flatMap(({ payload, type }) => (type === "Ended" && isEnded(payload) ? [payload.downtime] : []))

const start = ({ client }: World, host: string) =>
  client.evacuations.start({
    headers: { [idempotencyHeader]: `bench-evacuation-of-${host}` },
    payload: { host, priority: 5 }
  })

const timed = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<number, E> =>
  Effect.gen(function* () {
    const begun = performance.now()
    yield* effect
    return performance.now() - begun
  })

/** The second of two: the first one warms up. */
const warm = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<number, E> => Effect.zipRight(effect, timed(effect))

const lists = ({ baseUrl, client }: World) =>
  Effect.all({
    hosts: warm(client.hosts.list()),
    host: warm(client.hosts.describe({ path: { host: "alpha" } })),
    vfs: warm(client.vfs.list({ urlParams: {} })),
    migrations: warm(client.migrations.list({ urlParams: { limit: 50 } })),
    metrics: warm(Effect.promise(() => fetch(`${baseUrl}/metrics`).then((response) => response.text())))
  })

/** Migrations back, none of which comes further than the first change of state at its destination. */
const standing = (world: World, migrations: number) =>
  Effect.gen(function* () {
    const { client, process, sides } = world
    const { source: alpha } = sides
    const target = { device: null, message: "SetState" }
    yield* alpha.inject({ kind: { _tag: "Drop" }, target, nth: 1, count: 100_000 })
    yield* client.hosts.uncordon({ path: { host: "alpha" } })
    yield* client.policy.put({ payload: policyOf(migrations) })
    yield* start(world, "beta")
    yield* alpha.listFaults.pipe(
      Effect.repeat({
        until: (faults) => faults.some(({ hits }) => hits >= migrations),
        schedule: Schedule.spaced("200 millis")
      })
    )
    return { migrations, probed: yield* process.probed }
  })

const bytesIn = (path: string): number =>
  readdirSync(path)
    .filter((name) => name.startsWith("coordinator.db"))
    .reduce((sum, name) => sum + statSync(join(path, name)).size, 0)

/** Evacuates `vfs` VFs, `together` at a time. */
export const evacuated = (vfs: number, together: number): Effect.Effect<Measured> =>
  Effect.gen(function* () {
    const own = yield* world(vfs, together)
    const { baseUrl, client, hosts, path, process, sides } = own
    const floor = yield* bareMigrations(sides, names(barePfs, vfs / vfsPerPf), together)
    const plan = yield* warm(client.evacuations.plan({ payload: { host: "alpha" } }))
    const [before, ...emulatorsBefore] = yield* Effect.all([process.probed, hosts[0].probed, hosts[1].probed])
    const begun = performance.now()
    const { id, moves } = yield* start(own, "alpha")
    const shown = client.evacuations.show({ path: { id } })
    yield* Effect.repeat(shown, { until: ({ state }) => state === "finished", schedule: Schedule.spaced("250 millis") })
    const millis = performance.now() - begun
    const { completed } = yield* shown
    const [after, ...emulatorsAfter] = yield* Effect.all([process.probed, hosts[0].probed, hosts[1].probed])
    const events = yield* follow({ baseUrl, after: 0, follow: false }).pipe(
      Stream.runCollect,
      Effect.provide(FetchHttpClient.layer)
    )
    const all = Chunk.toReadonlyArray(events)
    const measured = yield* lists(own)
    const emulators = emulatorsBefore.flatMap((one, index) => {
      const now = emulatorsAfter[index]
      return now === undefined ? [] : [{ before: one, after: now }]
    })
    const journalBytes = bytesIn(path)
    return {
      vfs,
      together,
      perSecond: (moves * 1000) / millis,
      downtimes: downtimesOf(all),
      unmoved: vfs - completed,
      floor,
      plan,
      lists: measured,
      before,
      after,
      running: yield* standing(own, Math.min(64, vfs)),
      emulators,
      journalBytes,
      events: all.length
    }
  }).pipe(Effect.scoped, Effect.orDie)
