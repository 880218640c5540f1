/** Hosts in memory, served on UNIX sockets, and a coordinator over a real journal on a port of its own, until the test ends. */
import { type Address, Addresses, Host, type HostService } from "@stopcopy/agent"
import { serve as serveAgent, type ServeOptions } from "@stopcopy/agent/server"
import { makeMemoryHost, type MemoryHost, type MemoryHostOptions } from "@stopcopy/agent/testing"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import {
  type Client,
  follow,
  idempotencyHeader,
  makeClient,
  type Migration,
  type MigrationRequest
} from "@stopcopy/coordinator-api"
import { ActorSystem, Journal } from "@stopcopy/runtime"
import { Effect, Layer, Logger, LogLevel, Schedule, type Scope, Stream } from "effect"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { coordinator } from "../../src/commands/serve.ts"
import { serveApi } from "../../src/http/serve.ts"
import { journalOf } from "../../src/journal/openJournal.ts"
import { noAccess } from "../../src/settings/agentAccess.ts"
import type { Plan } from "../../src/settings/plan.ts"

/** A folder until the scope closes. */
export const folder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "stopcopy-coordinator-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)

/** A host that is served. */
export interface Served extends MemoryHost {
  readonly name: string
  /** As it is registered. */
  readonly address: string
}

/** `changed` makes it another host than it is: one that fails where a test wants it to. */
export const serveHost = (
  options: MemoryHostOptions,
  changed: (host: HostService) => HostService = (host) => host,
  serving: Partial<ServeOptions> = {}
): Effect.Effect<Served, never, Scope.Scope> =>
  Effect.gen(function* () {
    const made = yield* makeMemoryHost(options)
    const path = join(yield* folder, "agent.sock")
    const address: Address = yield* Effect.orDie(
      Effect.provideService(
        serveAgent({ address: { _tag: "Unix", path }, grace: 100, ...serving }),
        Host,
        changed(made.host)
      )
    )
    return { ...made, name: options.name, address: Addresses.format(address) }
  })

/** What a coordinator is in tests, unless they say otherwise. */
const plan: Plan = {
  listen: { _tag: "Tcp", host: "127.0.0.1", port: 0 },
  journal: "",
  tls: undefined,
  tokens: [],
  agents: noAccess,
  otlpUrl: undefined,
  logLevel: "none",
  graceSeconds: 1,
  bodyLimit: 64 * 1024,
  connections: 64,
  console: { _tag: "Off" },
  historyDays: 0
}

/** Pauses between tries that no test waits for. */
const patience = { pause: 1, again: 1 }

interface Coordinator {
  readonly url: string
  readonly client: Client
  readonly journal: Journal["Type"]
}

/** A coordinator over a journal in a file: another one may follow on the same file when the scope of this one is closed. */
export const startCoordinator = (options: Partial<Plan> = {}): Effect.Effect<Coordinator, never, Scope.Scope> =>
  Effect.gen(function* () {
    const journal = options.journal ?? join(yield* folder, "coordinator.db")
    const behind = Layer.provideMerge(
      Layer.provideMerge(coordinator(options.agents ?? noAccess, patience), ActorSystem.layer),
      journalOf(journal)
    )
    const context = yield* Layer.build(behind)
    const [secret] = options.tokens ?? []
    return yield* Effect.gen(function* () {
      const url = yield* serveApi({ ...plan, ...options, journal })
      const token = secret === undefined ? {} : { token: secret.secret }
      const client = yield* Effect.provide(makeClient({ baseUrl: url, ...token }), FetchHttpClient.layer)
      return { url, client, journal: yield* Journal }
    }).pipe(Effect.provide(context))
  }).pipe(Effect.orDie, Logger.withMinimumLogLevel(LogLevel.None))

/** Two hosts of two VFs each, registered. */
export const pair = (one: Coordinator, options: Partial<MemoryHostOptions> = {}) =>
  Effect.gen(function* () {
    const alpha = yield* serveHost({ ...options, name: "alpha" })
    const beta = yield* serveHost({ ...options, name: "beta" })
    for (const { address, name } of [alpha, beta]) yield* one.client.hosts.register({ payload: { name, address } })
    return { alpha, beta }
  })

/** Waits for a migration to be as it is wanted: looks at it with every event that belongs to it. */
export const until = (
  { client, url }: Pick<Coordinator, "client" | "url">,
  id: string,
  wanted: (migration: Migration) => boolean
): Effect.Effect<Migration> =>
  follow({ baseUrl: url, after: 0 }).pipe(
    Stream.mapEffect(() => client.migrations.show({ path: { id } })),
    Stream.filter(wanted),
    Stream.runHead,
    Effect.flatMap((found) => found),
    Effect.provide(FetchHttpClient.layer),
    Effect.orDie
  )

export const hasEnded = ({ verdict }: Migration): boolean => verdict !== null

/** Lets the next drain of the source's first VF hang; gives what waits until it does. A reset of the VF ends it. */
export const hangingDrain = ({ faults }: Served): Effect.Effect<Effect.Effect<void>> => {
  const target = { device: "pf0/vf0", message: "Drain" }
  const isMet = Effect.map(faults.list, (all) => all.some(({ hits }) => hits > 0))
  const met = Effect.asVoid(Effect.repeat(isMet, { until: (hits) => hits, schedule: Schedule.spaced("10 millis") }))
  return Effect.as(Effect.orDie(faults.inject({ kind: { _tag: "HangDrain" }, target, nth: 1, count: 1 })), met)
}

/** A request to start this, under a key that no other test has. */
export const starting = (key: string, payload: Partial<MigrationRequest>) => ({
  headers: { [idempotencyHeader]: `key of ${key}`.replaceAll(" ", "-") },
  payload: { from: "alpha", priority: 5, whenOver: { _tag: "Abort" as const }, downtimeLimitMillis: 60_000, ...payload }
})
