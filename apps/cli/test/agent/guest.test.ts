/**
 * A guest at work is moved by a real coordinator between two emulators, and its VMM takes part: it goes back to work at the source after a migration that failed,
 * at the destination after one that did not, and every request is answered once.
 */
import { afterAll, assert, beforeAll, it } from "@effect/vitest"
import { Addresses } from "@stopcopy/agent"
import { makeClient } from "@stopcopy/agent/client"
import { Ledger, ledgerOf } from "@stopcopy/qat"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { AddressSpace, Arena, attach, QatDriver } from "@stopcopy/vmm"
import { attend } from "@stopcopy/vmm/agent"
import { makeHost, Workload } from "@stopcopy/vmm/node"
import { bundleApp, type Running, spawned } from "@stopcopy/workbench"
import { Effect, Either, Logger, LogLevel } from "effect"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { withJournalTurns } from "../../src/JournalTurns.ts"
import { bundleMillis } from "../bundled.ts"
import { stopcopy } from "../operate/running.ts"

let folder = ""
let apps: ReadonlyArray<string> = []
let running: ReadonlyArray<Running> = []
let url = ""

const inside = (name: string): string => join(folder, name)

/** Two hosts with one VF each, and the coordinator that knows them. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "stopcopy-guest-"))
  apps = await Promise.all([bundleApp("emulator"), bundleApp("coordinator")])
  const [emulator = "", coordinator = ""] = apps.map((app) => join(app, "main.js"))
  const host = (name: string) => {
    const files = ["--socket-dir", inside(name), "--journal", inside(`${name}.db`), "--agent", "127.0.0.1:0"]
    return spawned(emulator, ["serve", "--host", name, "--pf", "pf0=4xxx:1", "--drain-seconds", "0.1", ...files])
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

const agentOf = (index: number): string => running[index]?.said("agent") ?? ""

const operate = (...args: ReadonlyArray<string>) =>
  Effect.promise(async () => {
    const { code, lines, message } = await stopcopy([...args, "--coordinator", url])
    return { code, text: [...lines, message].join("\n") }
  })

/** A guest with one lane on alpha's VF, whose VMM takes part. */
const guest = Effect.gen(function* () {
  const host = yield* makeHost({ messagesOnly: true })
  const place = { address: 0x1_0000_0000n, size: 8 << 20 }
  const space = yield* Effect.flatMap(host.memory([place]), AddressSpace.make)
  const attachment = yield* attach(space, host.wire(running[0]?.said("socket pf0/vf0") ?? ""))
  const driver = yield* QatDriver.probe(attachment, new Arena(place))
  const lanes = driver.offer.services
    .slice(0, 1)
    .map((service, bank) => ({ bank, kind: service === 2 ? ("deflate" as const) : ("aes-128-cbc" as const) }))
  const workload = yield* Workload.make(driver, { seed: 11, lanes, jobs: 4, pauseMillis: 20 })
  const wire = ({ socketPath }: { readonly socketPath: string }) => host.wire(socketPath)
  yield* attend({ processor: workload.processor, attachments: [attachment], wire })
  return { attachment, workload }
})

/** What the journals of both hosts say of the guest's requests, the source's first. */
const ledger = Effect.gen(function* () {
  const read = (name: string, before?: Ledger.Ledger) =>
    ledgerOf(["vf/pf0/vf0"], before).pipe(
      withJournalTurns,
      Effect.provide(layerSqlite({ file: inside(`${name}.db`), readOnly: true }))
    )
  return yield* read("beta", yield* read("alpha"))
})

const moving = ["migrate", "alpha/pf0/vf0", "--to", "beta", "--downtime-limit", "30s"] as const

it.scopedLive(
  "a guest goes on at the source after a failure, and at the destination after a move",
  () =>
    Effect.gen(function* () {
      for (const [index, name] of ["alpha", "beta"].entries()) {
        const added = yield* operate("host", "add", name, agentOf(index))
        assert.strictEqual(added.code, 0, added.text)
      }
      const { attachment, workload } = yield* guest
      yield* workload.start
      yield* workload.more(5)
      const found = yield* operate("preflight", "alpha/pf0/vf0", "--to", "beta")
      assert.notInclude(found.text, "not checked", "the VMM takes part, and emulators know everything")

      const agent = yield* makeClient({ address: Either.getOrThrow(Addresses.parse(agentOf(0))) })
      const target = { device: "pf0/vf0", message: null }
      // The tail of a ring, in the middle of the block.
      yield* agent.inject({ kind: { _tag: "CorruptBlock", offset: 0x3a0, mask: 1 }, target, nth: 1, count: 99 })
      yield* operate("policy", "set", "retry.attempts=1")
      const failed = yield* operate(...moving)
      assert.strictEqual(failed.code, 1, failed.text)
      yield* agent.clearFaults({ ids: null })
      assert.match(attachment.name, /alpha\/pf0\/vf0\.sock$/)
      yield* workload.more(5)

      const moved = yield* operate(...moving)
      assert.strictEqual(moved.code, 0, moved.text)
      assert.match(attachment.name, /beta\/pf0\/vf0\.sock$/)
      yield* workload.more(10)
      yield* workload.stop
      const { submitted, taken, wrong } = workload.report
      assert.deepStrictEqual([taken, wrong, workload.inFlight], [submitted, 0, 0])

      for (const each of running) yield* each.kill("SIGTERM")
      assert.deepStrictEqual(Ledger.audit(yield* ledger, workload.accounts), [])
    }).pipe(Effect.provide(Logger.minimumLogLevel(LogLevel.None)), Effect.timeout("110 seconds")),
  120_000
)
