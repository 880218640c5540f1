/** The demo's migration between two real emulators: how every failure before the point of no return ends, and what comes behind it. */
import { afterAll, assert, beforeAll, it } from "@effect/vitest"
import type { FaultKind } from "@stopcopy/agent"
import type { MigrationState } from "@stopcopy/vfio"
import { makeHost } from "@stopcopy/vmm/node"
import { Effect, Logger, LogLevel } from "effect"
import { join } from "node:path"
import { checkJournals } from "../../src/demo/Replayed.ts"
import type { Display } from "../../src/demo/Display.ts"
import { guestSpace, makeGuest } from "../../src/demo/Guest.ts"
import { device, deviceOf, type Host, startHosts, stopHosts } from "../../src/demo/Hosts.ts"
import { migrate } from "../../src/demo/Migration.ts"
import { bundledEmulator, bundleMillis } from "../bundled.ts"
import { folder } from "../conformance/device.ts"

let emulator: Awaited<ReturnType<typeof bundledEmulator>>
beforeAll(async () => {
  emulator = await bundledEmulator()
}, bundleMillis)
afterAll(() => emulator.dispose())

/** Two hosts, a guest at work on the source, and how it migrates. `said`: what the display was told beside its steps. */
const world = (where: string, said: Array<string>) =>
  Effect.gen(function* () {
    const journals = { source: join(where, "source.db"), destination: join(where, "destination.db") }
    const hosts = yield* startHosts({ program: emulator.file, folder: where, journals })
    const vmm = yield* makeHost()
    const { workload, ...guest } = yield* makeGuest(vmm, (yield* deviceOf(hosts.source, device)).socketPath)
    yield* workload.start
    yield* workload.more(20)
    const display: Display = {
      say: (...lines) => Effect.sync(() => void said.push(...lines)),
      step: (_, work) => work
    }
    const end = (host: Host, migration: string) =>
      Effect.map(host.agent.getState({ device }), ({ epoch }) => ({ agent: host.agent, device, migration, epoch }))
    const { socketPath } = yield* deviceOf(hosts.destination, device)
    const move = (migration: string) =>
      Effect.gen(function* () {
        const [source, destination] = [yield* end(hosts.source, migration), yield* end(hosts.destination, migration)]
        const where = { wire: vmm.wire(socketPath), space: yield* guestSpace(vmm) }
        return yield* migrate({ source, destination, guest: { ...guest, workload }, ...where, display })
      })
    return { hosts, journals, workload, attachment: guest.attachment, move }
  })

type World = Effect.Effect.Success<ReturnType<typeof world>>

/** Where the destination fails, with how its VF stands afterwards: one that had voted may not run any more. */
const failures: ReadonlyArray<readonly [kind: FaultKind, message: string, nth: number, left: MigrationState]> = [
  // Loading.
  [{ _tag: "Fail", errno: 5 }, "SetState", 2, "RUNNING"],
  // The VMM restores config space, behind the vote.
  [{ _tag: "Fail", errno: 5 }, "REGION_WRITE", 1, "STOP"]
]

const fails = ({ attachment, hosts, move, workload }: World, [kind, message, nth, left]: (typeof failures)[number]) =>
  Effect.gen(function* () {
    const { destination, source } = hosts
    yield* destination.agent.inject({ kind, target: { device, message }, nth, count: 1 })
    const failed = yield* Effect.flip(move(`failing/${message}`))
    assert.strictEqual(failed._tag, "EIO")
    const faults = yield* destination.agent.clearFaults({ ids: null })
    assert.deepStrictEqual(
      faults.map(({ hits }) => hits),
      [1]
    )
    assert.deepInclude(yield* source.agent.getState({ device }), { state: "RUNNING", epoch: 0, standing: "held" })
    assert.strictEqual((yield* destination.agent.getState({ device })).state, left)
    yield* workload.more(30)
    assert.include(attachment.name, "source")
  })

it.scopedLive(
  "a guest works on at the source after each failure, then at the destination; every request has its one answer",
  () =>
    Effect.gen(function* () {
      const said: Array<string> = []
      const where = yield* folder
      const { accounts, journals } = yield* Effect.scoped(
        Effect.gen(function* () {
          const all = yield* world(where, said)
          const { attachment, hosts, journals, move, workload } = all
          for (const failure of failures) yield* fails(all, failure)
          // A vote that was withdrawn leaves the device fenced: it is given an epoch of its own before it can take a guest again.
          const own = { device, epoch: 2 }
          yield* hosts.destination.agent.grant({ ...own, digest: null })
          yield* hosts.destination.agent.adopt(own)
          const { epoch, setup, state } = yield* move("good")
          assert.deepStrictEqual([setup.bytes, state.bytes, epoch], [90, 4006, 3])
          assert.include(attachment.name, "destination")
          yield* workload.more(30)
          yield* workload.stop
          assert.strictEqual(workload.report.wrong, 0)
          const late = { device, epoch: 0, to: "RUNNING" } as const
          assert.strictEqual((yield* Effect.flip(hosts.source.agent.setState(late)))._tag, "StaleEpoch")
          yield* attachment.detach
          yield* stopHosts(hosts)
          return { accounts: workload.accounts, journals }
        })
      )
      const stream = `vf/${device}`
      const { counts, findings } = yield* checkJournals(journals, [], stream, accounts)
      assert.deepStrictEqual([findings, said], [[], []])
      const all = accounts.reduce((sum, { taken }) => sum + taken, 0)
      assert.deepStrictEqual(counts, { published: all, executed: all, placed: all })
      // A request that the guest does not know of is a finding.
      const wrong = accounts.map((account, index) =>
        index === 0 ? { ...account, submitted: account.submitted - 1 } : account
      )
      const [found] = (yield* checkJournals(journals, [], stream, wrong)).findings
      assert.strictEqual(found?.fault, "doubled doorbell")
      // Nor does a digest agree that was never seen.
      const never = { side: "source", stream, migration: "good", to: "STOP_COPY", digest: "00" } as const
      const [replayed] = (yield* checkJournals(journals, [never], stream, accounts)).replayed
      assert.isNumber(replayed?.sequence)
      assert.notStrictEqual(replayed?.again, "00")
    }).pipe(Effect.timeout("50 seconds"), Logger.withMinimumLogLevel(LogLevel.None))
)
