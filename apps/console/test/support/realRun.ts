/** A real run: two emulators and a coordinator as processes, and a migration from one host to the other, to its end. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { type Client, follow, idempotencyHeader, makeClient } from "@stopcopy/coordinator-api"
import { bundleApp, type Running, started } from "@stopcopy/workbench"
import { Effect, type Scope, Stream } from "effect"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A folder until the scope closes. */
const folder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "stopcopy-console-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)

/** The script of an app, bundled from these sources, until the scope closes. */
const script = (app: string): Effect.Effect<string, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(() => bundleApp(app)),
      (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
    ),
    (path) => join(path, "main.js")
  )

const serving = (main: string, args: ReadonlyArray<string>): Effect.Effect<Running, never, Scope.Scope> =>
  Effect.tap(started(main, ["serve", ...args]), ({ ready }) => ready)

const emulator = (main: string, name: string) =>
  Effect.flatMap(folder, (path) =>
    serving(main, [
      "--host",
      name,
      "--pf",
      "pf0=4xxx:2",
      "--journal",
      join(path, "journal.db"),
      "--socket-dir",
      join(path, "s"),
      "--agent",
      "127.0.0.1:0"
    ])
  )

/** What tests and screenshots look at. */
export interface RealRun {
  readonly url: string
  readonly client: Client
  /** The migration that has ended. */
  readonly id: string
}

/** Waits for the end of a migration with its events. */
const ended = (url: string, client: Client, id: string) =>
  follow({ baseUrl: url, after: 0 }).pipe(
    Stream.mapEffect(() => client.migrations.show({ path: { id } })),
    Stream.filter(({ verdict }) => verdict !== null),
    Stream.runHead
  )

/** Both VFs of host alpha have moved to beta. */
export const realRun: Effect.Effect<RealRun, never, Scope.Scope> = Effect.gen(function* () {
  const [coordinatorMain, emulatorMain] = yield* Effect.all([script("coordinator"), script("emulator")], {
    concurrency: 2
  })
  const path = yield* folder
  const [coordinator, alpha, beta] = yield* Effect.all(
    [
      serving(coordinatorMain, ["--listen", "127.0.0.1:0", "--journal", join(path, "journal.db")]),
      emulator(emulatorMain, "alpha"),
      emulator(emulatorMain, "beta")
    ],
    { concurrency: 3 }
  )
  const url = coordinator.said("api")
  const client = yield* Effect.provide(makeClient({ baseUrl: url }), FetchHttpClient.layer)
  for (const [name, host] of [
    ["alpha", alpha],
    ["beta", beta]
  ] as const) {
    yield* client.hosts.register({ payload: { name, address: host.said("agent") } })
  }
  const payload = {
    from: "alpha",
    devices: ["pf0/vf0", "pf0/vf1"] as const,
    priority: 5,
    whenOver: { _tag: "Abort" as const },
    downtimeLimitMillis: 60_000
  }
  const { id } = yield* client.migrations.start({ headers: { [idempotencyHeader]: "time-travel" }, payload })
  yield* ended(url, client, id)
  return { url, client, id }
}).pipe(Effect.provide(FetchHttpClient.layer), Effect.orDie)
