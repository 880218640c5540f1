/** Three hosts and a coordinator with tokens and the console, each a process of its own; a client that may operate, and a way to let things go wrong. */
import { FetchHttpClient } from "@effect/platform"
import { Addresses } from "@stopcopy/agent"
import { type AgentClient, makeClient as makeAgent } from "@stopcopy/agent/client"
import {
  type Client,
  follow,
  idempotencyHeader,
  makeClient,
  type Migration,
  type MigrationRequest
} from "@stopcopy/coordinator-api"
import { bundleApp, consoleSite, type Running, spawned } from "@stopcopy/workbench"
import { Effect, Either, Exit, Scope, Stream } from "effect"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

export const tokens = { read: "a-token-that-reads-only", operate: "a-token-that-operates" } as const

/** `gamma` offers less than the others: what runs on these does not fit there. */
const hosts = {
  alpha: "pf0=4xxx:8",
  beta: "pf0=4xxx:8",
  gamma: "pf0=4xxx:4,services=dc"
} as const
export type HostName = keyof typeof hosts

export interface World {
  /** Where the coordinator is, before and after a restart. */
  readonly url: string
  readonly client: Client
  readonly agents: Readonly<Record<HostName, AgentClient>>
  /** Ends the coordinator as SIGKILL does. */
  readonly stop: () => Promise<void>
  /** Starts it again, on the same port and journal. */
  readonly start: () => Promise<void>
  readonly dispose: () => Promise<void>
}

const run = Effect.runPromise

const agentAt = (address: string, scope: Scope.Scope): Promise<AgentClient> =>
  run(Scope.extend(makeAgent({ address: Either.getOrThrow(Addresses.parse(address)) }), scope))

/** Waits until a host is described: its VFs are known then. */
const register = (client: Client, name: HostName, address: string) =>
  client.hosts.register({ payload: { name, address } })

/** Groups are as operators define them, on alpha: two VFs of one VM, and VMs of one VF. What is on gamma fits nowhere else. */
const groups = {
  "web-1": ["pf0/vf0", "pf0/vf1"],
  "web-2": ["pf0/vf2"],
  "db-1": ["pf0/vf3"],
  "cache-1": ["pf0/vf4"]
} as const

const define = (client: Client) => {
  const one = (host: HostName, group: string, devices: readonly [string, ...Array<string>]) =>
    client.groups.define({ path: { group }, payload: { host, devices } })
  const onAlpha = Object.entries(groups).map(([group, [first, ...others]]) => one("alpha", group, [first, ...others]))
  return Effect.all([...onAlpha, one("gamma", "batch-1", ["pf0/vf0"])])
}

/** A busy machine is slower than the usual limit. */
const patient = (client: Client) =>
  Effect.flatMap(client.policy.get(), (policy) =>
    client.policy.put({ payload: { ...policy, downtimeLimitMillis: 60_000 } })
  )

class Processes {
  private readonly folder: string
  private readonly apps: ReadonlyArray<string>
  private readonly site: string
  private coordinator: Running | undefined
  readonly emulators: ReadonlyArray<readonly [HostName, Running]>
  listen = "127.0.0.1:0"

  constructor(folder: string, apps: ReadonlyArray<string>, site: string) {
    this.folder = folder
    this.apps = apps
    this.site = site
    this.emulators = (["alpha", "beta", "gamma"] as const).map((name) => [name, this.host(name)])
  }

  private readonly inside = (path: string): string => join(this.folder, path)

  private host(name: HostName): Running {
    const files = ["--socket-dir", this.inside(`sockets-${name}`), "--journal", this.inside(`${name}.db`)]
    const pf = ["--pf", hosts[name], "--agent", "127.0.0.1:0"]
    return spawned(join(this.apps[0] ?? "", "main.js"), [
      "serve",
      "--host",
      name,
      ...pf,
      ...files,
      "--log-level",
      "none"
    ])
  }

  readonly start = async (): Promise<void> => {
    const secrets = ["--read-tokens", this.inside("read"), "--operate-tokens", this.inside("operate")]
    const files = ["--journal", this.inside("coordinator.db"), "--console", this.site, "--log-level", "none"]
    this.coordinator = spawned(join(this.apps[1] ?? "", "main.js"), [
      "serve",
      "--listen",
      this.listen,
      ...secrets,
      ...files
    ])
    await run(this.coordinator.ready)
    this.listen = new URL(this.coordinator.said("api")).host
  }

  readonly stop = async (): Promise<void> => {
    if (this.coordinator !== undefined) await run(this.coordinator.kill("SIGKILL"))
  }

  async dispose(): Promise<void> {
    await this.stop()
    await Promise.all(this.emulators.map(([, running]) => run(running.kill("SIGKILL"))))
    await Promise.all([this.folder, ...this.apps].map((path) => rm(path, { recursive: true, force: true })))
  }
}

export const startWorld = async (): Promise<World> => {
  const folder = await mkdtemp(join(tmpdir(), "stopcopy-console-"))
  const [site, ...apps] = await Promise.all([consoleSite(), bundleApp("emulator"), bundleApp("coordinator")])
  await writeFile(join(folder, "read"), `visitor ${tokens.read}\n`)
  await writeFile(join(folder, "operate"), `night-shift ${tokens.operate}\n`)
  const processes = new Processes(folder, apps, site)
  await processes.start()
  const url = `http://${processes.listen}`
  const client = await run(Effect.provide(makeClient({ baseUrl: url, token: tokens.operate }), FetchHttpClient.layer))
  const scope = Effect.runSync(Scope.make())
  const agents = await Promise.all(
    processes.emulators.map(async ([name, running]) => {
      await run(running.ready)
      await run(register(client, name, running.said("agent")))
      return [name, await agentAt(running.said("agent"), scope)] as const
    })
  )
  await run(Effect.zipRight(patient(client), define(client)))
  return {
    url,
    client,
    agents: { alpha: agentOf(agents, "alpha"), beta: agentOf(agents, "beta"), gamma: agentOf(agents, "gamma") },
    stop: processes.stop,
    start: processes.start,
    dispose: async () => {
      await run(Scope.close(scope, Exit.void))
      await processes.dispose()
    }
  }
}

const agentOf = (agents: ReadonlyArray<readonly [HostName, AgentClient]>, wanted: HostName): AgentClient => {
  const found = agents.find(([name]) => name === wanted)
  if (found === undefined) throw new Error(`there is no host ${wanted}`)
  return found[1]
}

let keys = 0

/** Starts a migration. */
export const migrate = (
  { client }: World,
  payload: Partial<MigrationRequest> & Pick<MigrationRequest, "from">
): Promise<Migration> => {
  keys += 1
  const whole = { priority: 5, whenOver: { _tag: "Abort" as const }, ...payload }
  return run(client.migrations.start({ headers: { [idempotencyHeader]: `key-of-a-test-${keys}` }, payload: whole }))
}

/** Waits for the verdict: looks with every event that comes. */
export const ended = ({ client, url }: World, id: string): Promise<Migration> =>
  follow({ baseUrl: url, token: tokens.operate, after: 0, migration: id }).pipe(
    Stream.mapEffect(() => client.migrations.show({ path: { id } })),
    Stream.filter(({ verdict }) => verdict !== null),
    Stream.runHead,
    Effect.flatMap((found) => found),
    Effect.provide(FetchHttpClient.layer),
    run
  )

/** Until `letGo` drains on this host hang. */
export const hangDrains = async (
  { agents }: World,
  host: HostName
): Promise<{ readonly letGo: () => Promise<void> }> => {
  const target = { device: null, message: "Drain" }
  await run(agents[host].inject({ kind: { _tag: "HangDrain" }, target, nth: 1, count: 100 }))
  return { letGo: async () => void (await run(agents[host].clearFaults({ ids: null }))) }
}
