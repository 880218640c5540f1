/** Moves of an attachment between devices: under a workload, over and over, to other memory and to the same; and those that are taken back. */
import { assert, describe, it } from "@effect/vitest"
import { ConfigLayout, Ledger, ledgerOf } from "@stopcopy/qat"
import { type AddressSpace, attach, type Attachment, beginMove, ConfigSpace, Gate, QatDriver } from "@stopcopy/vmm"
import { type Host, makeHost, Workload } from "@stopcopy/vmm/node"
import { Effect, Exit, Fiber, Scope } from "effect"
import { arena, enter, folder, go, guest, layer, serve, transports, world } from "./support/devices.ts"

const lanes = [
  { bank: 0, kind: "deflate", interrupts: true, timer: 0x1ff },
  { bank: 1, kind: "aes-128-cbc" },
  { bank: 2, kind: "deflate" },
  { bank: 3, kind: "aes-128-gcm", interrupts: true, timer: 0x1ff }
] as const

/** One live migration to a new device. `space`: where the guest's memory is then; the same, or that of another host. */
const migrate = (
  host: Host,
  where: string,
  workload: Workload,
  attachment: Attachment,
  name: string,
  space: AddressSpace
) =>
  Effect.gen(function* () {
    const { memory } = attachment
    const served = yield* serve(host, where, name)
    const moves = yield* Scope.make()
    const move = yield* Scope.extend(beginMove(attachment, served.wire, space), moves)
    const { dirty } = attachment
    const copies = space.memory !== memory
    const copy = (pages: ReadonlyArray<bigint>) => (copies ? memory.copyPages(pages, space.memory) : Effect.void)
    yield* dirty.start
    yield* copy(memory.residentPages)
    const saving = yield* enter(move.source, "PRE_COPY")
    const resuming = yield* enter(move.destination, "RESUMING")
    yield* resuming.write(yield* saving.read(4096))
    yield* workload.more(5)
    yield* copy(yield* dirty.takeAll)
    yield* go(move.source, "PRE_COPY_P2P")
    yield* workload.processor.shut
    yield* move.quiesce
    yield* go(move.source, "STOP_COPY")
    yield* resuming.write(yield* saving.read(4096))
    yield* copy(yield* dirty.takeAll)
    yield* dirty.stop
    yield* go(move.destination, "STOP")
    yield* move.commit
    yield* go(move.destination, "RUNNING")
    yield* move.resume
    yield* workload.processor.open
    yield* go(move.source, "STOP")
    yield* Scope.close(moves, Exit.void)
    return served.stream
  })

it.scopedLive("whoever waits for an interrupt is told after a move to where there are none", () =>
  Effect.gen(function* () {
    const { attachment, where } = yield* world(yield* makeHost(), "17")
    const messages = yield* makeHost({ messagesOnly: true })
    const served = yield* serve(messages, where, "18")
    const told = yield* Effect.fork(attachment.lines.next(0, attachment.lines.count(0)))
    yield* Effect.scoped(
      Effect.gen(function* () {
        const move = yield* beginMove(attachment, messages.wire(served.path))
        yield* move.quiesce
        yield* move.commit
        yield* move.resume
      })
    )
    assert.isFalse(attachment.hasInterrupts)
    assert.isAbove(yield* Fiber.join(told), 0)
  }).pipe(Effect.provide(layer))
)

for (const [kind, making] of transports) {
  describe(`over ${kind}`, () => {
    for (const [what, another] of [
      ["to the memory of another host", true],
      ["in the same memory", false]
    ] as const) {
      it.scopedLive(`a guest at work moves several times ${what}, and the ledger has nothing to say`, () =>
        Effect.gen(function* () {
          const host = yield* making
          const { attachment, driver, source, space, where } = yield* world(host, "m0")
          const workload = yield* Workload.make(driver, { seed: 3, lanes })
          const streams = [source.stream]
          yield* workload.start
          for (let round = 1; round <= 3; round++) {
            yield* workload.more(20)
            const next = another ? yield* guest(host) : space
            streams.push(yield* migrate(host, where, workload, attachment, `m${round}`, next))
          }
          yield* workload.more(20)
          yield* workload.stop
          const { submitted, taken, wrong } = workload.report
          assert.deepStrictEqual([taken, wrong, workload.inFlight], [submitted, 0, 0])
          assert.isAtLeast(taken, 95)
          assert.isAbove(workload.report.perSecond, 0)
          assert.strictEqual((yield* attachment.state)._tag, "Connected")
          assert.match(attachment.name, /m3\.sock$/)
          assert.deepStrictEqual(Ledger.audit(yield* ledgerOf(streams), workload.accounts), [])
        }).pipe(Effect.provide(layer))
      )
    }

    it.scopedLive("the VMM restores config space and the MSI-X table on the destination", () =>
      Effect.gen(function* () {
        const host = yield* making
        const { attachment, where } = yield* world(host, "17")
        yield* ConfigSpace.placeBar(attachment, 0, 0x20_0000_0000n)
        yield* attachment.write16(7, ConfigLayout.deviceControlAt, 0x2910)
        yield* attachment.write32(2, ConfigLayout.msixTableAt, 0xfee0_1000)
        yield* attachment.write32(2, ConfigLayout.msixTableAt + 8, 0x4321)
        yield* attachment.write32(2, ConfigLayout.msixTableAt + 12, 0)
        const before = yield* ConfigSpace.saveConfig(attachment.client)
        const { wire } = yield* serve(host, where, "18")
        yield* Effect.scoped(
          Effect.gen(function* () {
            const move = yield* beginMove(attachment, wire)
            yield* move.quiesce
            yield* move.commit
            yield* move.resume
          })
        )
        assert.match(attachment.name, /18\.sock$/)
        const after = yield* ConfigSpace.saveConfig(attachment.client)
        assert.deepStrictEqual(after, before)
        assert.strictEqual(yield* attachment.read64(7, 0x10), 0x20_0000_0004n)
      }).pipe(Effect.provide(layer))
    )

    it.scopedLive("a move that is taken back, or left, leaves the guest on its source", () =>
      Effect.gen(function* () {
        const host = yield* making
        const { attachment, driver, source, where } = yield* world(host, "17")
        const workload = yield* Workload.make(driver, { seed: 5, lanes })
        yield* workload.start
        const { wire } = yield* serve(host, where, "18")
        const taken = yield* Effect.scoped(
          Effect.gen(function* () {
            const move = yield* beginMove(attachment, wire)
            assert.strictEqual((yield* Effect.flip(Effect.scoped(beginMove(attachment, wire))))._tag, "EBUSY")
            assert.strictEqual((yield* Effect.flip(move.commit))._tag, "EINVAL")
            yield* go(move.source, "RUNNING_P2P")
            yield* move.quiesce
            assert.strictEqual(move.stage, "quiesced")
            yield* go(move.source, "RUNNING")
            yield* move.rollback
            assert.strictEqual((yield* Effect.flip(move.resume))._tag, "EINVAL")
            return workload.taken
          })
        )
        yield* workload.more(10)
        yield* Effect.scoped(Effect.flatMap(beginMove(attachment, wire), ({ quiesce }) => quiesce))
        yield* workload.more(10)
        yield* workload.stop
        assert.isAtLeast(workload.taken, taken + 20)
        assert.match(attachment.name, /17\.sock$/)
        assert.deepStrictEqual(Ledger.audit(yield* ledgerOf([source.stream]), workload.accounts), [])
      }).pipe(Effect.provide(layer))
    )

    it.scopedLive("a source that dies once the device's state was taken does not hold the move up", () =>
      Effect.gen(function* () {
        const host = yield* making
        const where = yield* folder
        const life = yield* Scope.make()
        const source = yield* Scope.extend(serve(host, where, "17"), life)
        const attachment = yield* attach(yield* guest(host), source.wire)
        yield* QatDriver.probe(attachment, arena())
        const { wire } = yield* serve(host, where, "18")
        yield* Effect.scoped(
          Effect.gen(function* () {
            const move = yield* beginMove(attachment, wire)
            yield* move.quiesce
            yield* Scope.close(life, Exit.void)
            yield* attachment.until("Lost")
            yield* move.commit
            yield* move.resume
          })
        )
        assert.strictEqual(yield* attachment.read16(7, ConfigSpace.commandAt), 6)
        assert.include(yield* attachment.state, { _tag: "Connected", name: wire.name })
      }).pipe(Effect.provide(layer))
    )

    it.scopedLive("a device that was detached during its move is on neither side", () =>
      Effect.gen(function* () {
        const host = yield* making
        const { attachment, source, space, where } = yield* world(host, "17")
        const { wire } = yield* serve(host, where, "18")
        yield* Effect.scoped(
          Effect.gen(function* () {
            const move = yield* beginMove(attachment, wire)
            yield* move.quiesce
            yield* attachment.detach
            yield* Effect.ignore(move.commit)
          })
        )
        assert.strictEqual((yield* attachment.state)._tag, "Detached")
        for (const free of [source.wire, wire]) {
          const next = yield* attach(space, free)
          assert.strictEqual(yield* next.read16(7, 0), 0x8086)
          yield* next.detach
        }
      }).pipe(Effect.provide(layer))
    )

    it.scopedLive("a device that has moved is there until what was added to its scope later has ended", () =>
      Effect.gen(function* () {
        const host = yield* making
        const where = yield* folder
        const [source, destination] = [yield* serve(host, where, "17"), yield* serve(host, where, "18")]
        const [space, life] = [yield* guest(host), yield* Scope.make()]
        const attachment = yield* Scope.extend(attach(space, source.wire), life)
        // The guest's CPUs are stopped before its device goes: the step that they are in needs it.
        const processor = new Gate()
        yield* Scope.addFinalizer(life, processor.shut)
        yield* Effect.scoped(
          Effect.gen(function* () {
            const move = yield* beginMove(attachment, destination.wire)
            yield* move.quiesce
            yield* move.commit
            yield* move.resume
          })
        )
        const step = processor.pass(Effect.uninterruptible(attachment.read16(7, 0)))
        const working = yield* Effect.fork(Effect.forever(step))
        assert.strictEqual(yield* attachment.read16(7, 0), 0x8086)
        yield* Scope.close(life, Exit.void)
        assert.strictEqual((yield* attachment.state)._tag, "Detached")
        yield* processor.open
        assert.strictEqual((yield* Effect.flip(Fiber.join(working)))._tag, "Detached")
      }).pipe(Effect.provide(layer))
    )

    it.scopedLive("a source that was away in between moves all the same, and is let go of", () =>
      Effect.gen(function* () {
        const host = yield* making
        const where = yield* folder
        const [outer, life] = [yield* Effect.scope, yield* Scope.make()]
        const source = yield* Scope.extend(serve(host, where, "17"), life)
        const space = yield* guest(host)
        const attachment = yield* attach(space, source.wire)
        yield* QatDriver.probe(attachment, arena())
        const { wire } = yield* serve(host, where, "18")
        yield* Effect.scoped(
          Effect.gen(function* () {
            const move = yield* beginMove(attachment, wire)
            yield* Scope.close(life, Exit.void)
            yield* attachment.until("Lost")
            yield* Scope.extend(serve(host, where, "17"), outer)
            yield* attachment.until("Connected")
            yield* move.quiesce
            yield* move.commit
            yield* move.resume
          })
        )
        assert.include(yield* attachment.state, { _tag: "Connected", name: wire.name })
        // A device has one user at a time: it answers the next one because the first is gone.
        const next = yield* attach(space, source.wire)
        assert.strictEqual(yield* next.read16(7, 0), 0x8086)
      }).pipe(Effect.provide(layer))
    )
  })
}
