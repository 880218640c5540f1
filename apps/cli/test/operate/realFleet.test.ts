/** The operator commands against a real coordinator and two emulators, each a process of its own. */
import { afterAll, assert, beforeAll, it } from "@effect/vitest"
import { Addresses } from "@stopcopy/agent"
import { makeClient } from "@stopcopy/agent/client"
import { Evacuation, Migration, MigrationSummary } from "@stopcopy/coordinator-api"
import { Ledger } from "@stopcopy/qat"
import { bundleApp, type Running, spawned, started } from "@stopcopy/workbench"
import { Effect, Either, Logger, LogLevel, Schema } from "effect"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { bundleMillis } from "../bundled.ts"
import { guestOn, ledgerOver } from "./guest.ts"
import { type Ran, stopcopy as run } from "./running.ts"

let folder = ""
let apps: ReadonlyArray<string> = []
let running: ReadonlyArray<Running> = []
let url = ""

/** Two hosts with a PF of four VFs each, and the coordinator; all on ports that are free. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "stopcopy-fleet-"))
  apps = await Promise.all([bundleApp("emulator"), bundleApp("coordinator")])
  const [emulator = "", coordinator = ""] = apps.map((app) => join(app, "main.js"))
  const inside = (path: string) => join(folder, path)
  const host = (name: string) => {
    const files = ["--socket-dir", inside(`sockets-${name}`), "--journal", inside(`${name}.db`)]
    return spawned(emulator, ["serve", "--host", name, "--pf", "pf0=4xxx:4", "--agent", "127.0.0.1:0", ...files])
  }
  const service = ["serve", "--listen", "127.0.0.1:0", "--journal", inside("coordinator.db")]
  running = [host("alpha"), host("beta"), spawned(coordinator, service)]
  for (const each of running) await Effect.runPromise(each.ready)
  url = running[2]?.said("api") ?? ""
}, 2 * bundleMillis)

afterAll(async () => {
  for (const each of running) await Effect.runPromise(each.kill("SIGKILL"))
  for (const each of [...apps, folder]) await rm(each, { recursive: true, force: true })
})

const stopcopy = (...args: ReadonlyArray<string>): Promise<Ran> => run([...args, "--coordinator", url])
const well = async (...args: ReadonlyArray<string>): Promise<string> => {
  const { code, lines, message } = await stopcopy(...args)
  const output = `${lines.join("\n")}\n`
  assert.deepStrictEqual([code, message], [0, ""], output)
  return output
}
const decode = <A, I>(schema: Schema.Schema<A, I>, text: string): A => Schema.decodeSync(Schema.parseJson(schema))(text)
/** The states of all VFs by their names. */
const states = async (): Promise<ReadonlyMap<string, string>> => {
  const [, ...lines] = (await well("vf", "list")).trimEnd().split("\n")
  return new Map(lines.map((line) => line.split(/ +/)).map(([vf = "", state = ""]) => [vf, state]))
}
const agentOf = (index: number): string => running[index]?.said("agent") ?? ""

it("hosts are added, a VF moves live, and everything is told; then the host is evacuated", async () => {
  for (const [index, name] of ["alpha", "beta"].entries()) {
    assert.match(await well("host", "add", name, agentOf(index)), /health +reachable since/)
  }
  const twice = await stopcopy("host", "add", "alpha", agentOf(1))
  assert.notStrictEqual(twice.code, 0)
  assert.match(twice.message, /\[[a-z.-]+\]$/)
  assert.match(await well("vf", "placements", "alpha/pf0/vf0"), /^beta: fits, to pf0\/vf\d\n$/)
  assert.match(await well("preflight", "alpha/pf0/vf0", "--to", "beta/pf0/vf2"), /^it fits: from alpha to beta\n/)

  const moved = await well("migrate", "alpha/pf0/vf0", "--to", "beta/pf0/vf2", "--downtime-limit", "30s")
  assert.match(moved, /^m-[0-9a-z]+: .*, 1 VF, from alpha to beta\n/)
  assert.match(moved, / (queued|preflight|setup|pre-copy|pre-switchover|switchover|finishing) /)
  assert.match(moved, /\ncompleted after .*is on beta\n {2}stood still for .*drain .*, stop .*\n {2}moved 4\.0 KiB/)
  // What a host says of its devices comes a moment after the migration's own end.
  let after = await states()
  for (let looks = 0; looks < 20 && after.get("beta/pf0/vf2") !== "RUNNING"; looks++) after = await states()
  assert.deepStrictEqual([after.size, after.get("alpha/pf0/vf0"), after.get("beta/pf0/vf2")], [8, "STOP", "RUNNING"])

  const refused = await stopcopy("preflight", "alpha/pf0/vf0", "--to", "beta/pf0/vf3")
  assert.strictEqual(refused.code, 3)
  assert.match(refused.lines.join("\n"), /^it does not fit: 1 rule speaks against it.*\n[^]*code +fleet\.group\.host$/)

  const [summary = ""] = (await well("list", "--json")).split("\n")
  const { id, phase } = decode(MigrationSummary, summary)
  assert.strictEqual(phase, "completed")
  assert.include(await well("watch", id, "--no-follow", "--after", "0"), "Committed")
  assert.match(await well("watch", id, "--events"), /Committed[^]* Ended /)
  const late = await stopcopy("cancel", id)
  assert.strictEqual(late.code, 1)
  assert.match(late.message, /\[[a-z.-]+\]$/)

  assert.match(await well("policy", "set", "downtimeLimitMillis=30000"), /^downtimeLimitMillis +30000$/m)
  await well("vf", "group", "web-1", "alpha/pf0/vf1", "alpha/pf0/vf2")
  const plan = await stopcopy("evacuate", "alpha")
  assert.strictEqual(plan.lines[0], "alpha: 1 group would move, 0 refused, 0 will stop")
  const gone = decode(Evacuation, await well("evacuate", "alpha", "--yes", "--json"))
  assert.deepStrictEqual([gone.state, gone.completed, gone.moves], ["finished", 1, 1])
  // Its migrations have a slash in their ids.
  const [last = ""] = (await well("list", "--json", "--evacuation", gone.id)).split("\n")
  assert.match(await well("show", decode(MigrationSummary, last).id), /evacuation +e-/)
  assert.match(await well("host", "list"), /alpha +reachable .* by e-/)
}, 90_000)

it("cancel brings the guest back", async () => {
  const emulator = join(apps[0] ?? "", "main.js")
  await well("host", "uncordon", "alpha")
  const fault = async (...args: ReadonlyArray<string>) => {
    const { code, stderr } = await spawned(emulator, ["fault", ...args, "--agent", agentOf(1)]).ended
    assert.strictEqual(code, 0, stderr)
  }
  // It cannot complete before the fault is gone.
  await fault("inject", "hang-drain", "--count", "100")
  const { id } = decode(Migration, await well("migrate", "beta/pf0/vf2", "--to", "alpha", "--no-wait", "--json"))
  assert.match(await well("cancel", id, "--reason", "a test", "--no-wait"), /^m-[0-9a-z]+: cancell(ing|ed)\n$/)
  await fault("clear")
  const [watched, heard] = await Promise.all([stopcopy("watch", id), stopcopy("watch", id, "--after", "0")])
  assert.deepStrictEqual([watched.code, heard.code], [4, 4])
  assert.match(heard.lines.join("\n"), /MigrationQueued[^]* Ended /)
  assert.match(watched.message, /^m-[0-9a-z]+ was cancelled/)
  assert.strictEqual((await states()).get("beta/pf0/vf2"), "RUNNING")
}, 60_000)

it.scopedLive(
  "a guest whose VMM takes part goes on at the source after a failure and at the destination after a move, and each request is answered once",
  () =>
    Effect.gen(function* () {
      const emulator = join(apps[0] ?? "", "main.js")
      const journalOf = (name: string): string => join(folder, `${name}.db`)
      const begin = (name: string) => {
        const files = ["--socket-dir", join(folder, `sockets-${name}`), "--journal", journalOf(name)]
        // The guest is done when its host ends: nobody has to be waited for.
        const quick = ["--drain-seconds", "0"]
        return started(emulator, [
          "serve",
          "--host",
          name,
          "--pf",
          "pf0=4xxx:1",
          "--agent",
          "127.0.0.1:0",
          ...quick,
          ...files
        ])
      }
      const [gamma, delta] = [yield* begin("gamma"), yield* begin("delta")]
      const operate = (...args: ReadonlyArray<string>) => Effect.promise(() => stopcopy(...args))
      const said = ({ lines, message }: Ran): string => [...lines, message].join("\n")
      for (const [name, host] of [
        ["gamma", gamma],
        ["delta", delta]
      ] as const) {
        yield* host.ready
        const added = yield* operate("host", "add", name, host.said("agent"))
        assert.strictEqual(added.code, 0, said(added))
      }
      const { attachment, workload } = yield* guestOn(gamma.said("socket pf0/vf0"))
      yield* workload.start
      yield* workload.more(5)
      const found = yield* operate("preflight", "gamma/pf0/vf0", "--to", "delta")
      assert.notInclude(said(found), "not checked", "the VMM takes part, and emulators know everything")

      const agent = yield* makeClient({ address: Either.getOrThrow(Addresses.parse(gamma.said("agent"))) })
      const target = { device: "pf0/vf0", message: null }
      // A register of a bank, in the middle of the block.
      yield* agent.inject({ kind: { _tag: "CorruptBlock", offset: 0x3a0, mask: 1 }, target, nth: 1, count: 99 })
      yield* operate("policy", "set", "retry.attempts=1")
      const moving = ["migrate", "gamma/pf0/vf0", "--to", "delta", "--downtime-limit", "30s"] as const
      const failed = yield* operate(...moving)
      assert.strictEqual(failed.code, 1, said(failed))
      yield* agent.clearFaults({ ids: null })
      assert.match(attachment.name, /sockets-gamma\/pf0\/vf0\.sock$/)
      yield* workload.more(5)

      const moved = yield* operate(...moving)
      assert.strictEqual(moved.code, 0, said(moved))
      assert.match(attachment.name, /sockets-delta\/pf0\/vf0\.sock$/)
      yield* workload.more(10)
      yield* workload.stop
      const { submitted, taken, wrong } = workload.report
      assert.deepStrictEqual([taken, wrong, workload.inFlight], [submitted, 0, 0])
      for (const host of [gamma, delta]) yield* host.kill("SIGTERM")
      const ledger = yield* ledgerOver(journalOf("gamma"), journalOf("delta"), "vf/pf0/vf0")
      assert.deepStrictEqual(Ledger.audit(ledger, workload.accounts), [])
    }).pipe(Effect.provide(Logger.minimumLogLevel(LogLevel.None)), Effect.timeout("110 seconds")),
  120_000
)
