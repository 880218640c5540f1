/** Servers that die and come back on the same journal: the attachment connects again, and the guest goes on. */
import { assert, describe, it } from "@effect/vitest"
import { Ledger, ledgerOf } from "@stopcopy/qat"
import { ActorSystem } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { attach, type Attachment, QatDriver } from "@stopcopy/vmm"
import { type Host, makeHost, Workload } from "@stopcopy/vmm/node"
import { Effect, Exit, Layer, Scope, TestClock } from "effect"
import { join } from "node:path"
import { arena, folder, guest, quiet, serve, transports } from "./support/devices.ts"

/** A server process: its own actors and engine over the journal in a file, until the scope ends. */
const process = (host: Host, where: string) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const world = Layer.provideMerge(ActorSystem.layer, layerSqlite({ file: join(where, "journal.db") }))
    const context = yield* Layer.buildWithScope(world, scope)
    const served = yield* serve(host, where, "17").pipe(Effect.provide(context), Scope.extend(scope))
    const ledger = Effect.provide(ledgerOf([served.stream]), context)
    return { ...served, ledger, end: Scope.close(scope, Exit.void) }
  })

const lanes = [
  { bank: 0, kind: "deflate", interrupts: true, timer: 0x1ff },
  { bank: 1, kind: "aes-128-cbc" },
  { bank: 3, kind: "aes-128-gcm", interrupts: true, timer: 0x1ff }
] as const

/** Ends a server and begins the next one, as soon as the attachment has seen it. */
const restart = (host: Host, where: string, attachment: Attachment, server: { readonly end: Effect.Effect<void> }) =>
  Effect.gen(function* () {
    yield* server.end
    yield* attachment.until("Lost")
    const next = yield* process(host, where)
    yield* attachment.until("Connected")
    return next
  })

/** Lets the event loop go round once. */
const aside = Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))

it.scoped("nobody connects again for a device that was detached while it was away", () =>
  Effect.gen(function* () {
    const host = yield* makeHost({ messagesOnly: true })
    const where = yield* folder
    const server = yield* process(host, where)
    const attempts: Array<number> = []
    const open: typeof server.wire.open = (accept) => {
      attempts.push(attempts.length)
      return server.wire.open(accept)
    }
    const attachment = yield* attach(yield* guest(host), { ...server.wire, open })
    yield* server.end
    yield* attachment.until("Lost")
    const seconds = (count: number) => Effect.repeatN(TestClock.adjust("1 second"), count)
    while (attempts.length < 5) yield* Effect.zipRight(seconds(1), Effect.yieldNow())
    yield* attachment.detach
    const then = attempts.length
    for (let turn = 0; turn < 20; turn++) yield* Effect.zipRight(seconds(1), aside)
    // One attempt may have been on its way.
    assert.isAtMost(attempts.length, then + 1)
    assert.strictEqual((yield* attachment.state)._tag, "Detached")
  }).pipe(Effect.provide(quiet))
)

for (const [kind, making] of transports) {
  describe(`over ${kind}`, () => {
    it.scopedLive("a guest at work does not notice, and the ledger has nothing to say", () =>
      Effect.gen(function* () {
        const host = yield* making
        const where = yield* folder
        let server = yield* process(host, where)
        const attachment = yield* attach(yield* guest(host), server.wire)
        const driver = yield* QatDriver.probe(attachment, arena())
        const workload = yield* Workload.make(driver, { seed: 7, lanes })
        yield* workload.start
        for (let round = 0; round < 3; round++) {
          yield* workload.more(20)
          server = yield* restart(host, where, attachment, server)
        }
        yield* workload.more(20)
        yield* workload.stop
        assert.strictEqual(workload.report.wrong, 0)
        assert.isAtLeast(workload.report.taken, 80)
        assert.deepStrictEqual(Ledger.audit(yield* server.ledger, workload.accounts), [])
        yield* server.end
      }).pipe(Effect.provide(quiet))
    )

    it.scopedLive("an access that finds the connection lost waits for the next server", () =>
      Effect.gen(function* () {
        const host = yield* making
        const where = yield* folder
        const first = yield* process(host, where)
        const attachment = yield* attach(yield* guest(host), first.wire)
        yield* attachment.write32(0, 0x1040, 0x5000)
        yield* first.end
        const reading = yield* Effect.fork(attachment.read32(0, 0x1040))
        yield* attachment.until("Lost")
        const state = yield* attachment.state
        assert.include(state, { _tag: "Lost", name: first.path })
        const second = yield* process(host, where)
        assert.strictEqual(yield* reading, 0x5000)
        yield* attachment.detach
        yield* second.end
      }).pipe(Effect.provide(quiet))
    )
  })
}
