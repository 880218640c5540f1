/** A process dies in the middle of a walk: a new one over the same journal carries it on with `recover`. */
import { assert, it } from "@effect/vitest"
import { MigratedView, Pf } from "@stopcopy/qat"
import { ActorSystem, type Journal } from "@stopcopy/runtime"
import { Deferred, Effect, Fiber, Layer } from "effect"
import { agree, attach, copy, enter, go, type Host, layer, open } from "./driver/hosts.ts"
import { busy, live } from "./driver/lives.ts"

/** A process of its own: fresh actors over the journal that is there. */
const inNewProcess = <A, E>(program: Effect.Effect<A, E, ActorSystem | Journal>) =>
  Effect.provide(program, Layer.fresh(ActorSystem.layer))

const stateOf = ({ driver }: Host) => driver.vf.unsafeState()

/** Leaves a walk to `state` behind that waits for the drain of `bank`: its process does nothing any more. */
const dieDraining = (name: string, bank: number) =>
  inNewProcess(
    Effect.gen(function* () {
      const host = yield* open(name)
      yield* live(host.driver, busy)
      host.world.hanging = [bank]
      yield* Effect.forkDaemon(go(host, "STOP_COPY").pipe(Effect.either))
      yield* host.driver.vf.until(
        ({ operation }) => operation?.waiting?._tag === "Drain" && operation.waiting.bank === bank
      )
      return stateOf(host)
    })
  )

it.effect("a walk that a process left in a drain is carried on to its end, bank by bank", () =>
  Effect.gen(function* () {
    const dead = yield* dieDraining("17", 2)
    assert.deepInclude(dead.operation, { drained: 0b0011 })
    yield* inNewProcess(
      Effect.gen(function* () {
        const host = yield* attach("17:00.0", "17:00.1")
        assert.deepStrictEqual(stateOf(host), dead)
        yield* host.driver.recover
        assert.deepInclude(stateOf(host), { migrationState: "STOP_COPY", operation: null, stoppedBanks: 0xf })
        assert.deepInclude(stateOf(host).ended, { id: 0, failure: null, file: 0 })
        assert.deepStrictEqual(host.pf.unsafeState().locks, {})
        yield* agree(host)
      })
    )
  }).pipe(Effect.provide(layer))
)

it.effect("a new walk first carries the one that was left to its end; a reset ends it too", () =>
  Effect.gen(function* () {
    yield* dieDraining("17", 1)
    yield* inNewProcess(
      Effect.gen(function* () {
        const host = yield* attach("17:00.0", "17:00.1")
        yield* go(host, "RUNNING")
        assert.deepInclude(stateOf(host), { migrationState: "RUNNING", stoppedBanks: 0 })
        assert.deepInclude(stateOf(host).ended, { id: 1, failure: null })
        yield* host.driver.reset
        yield* host.driver.recover
        yield* go(host, "STOP")
        yield* agree(host)
      })
    )
  }).pipe(Effect.provide(layer))
)

it.effect("how a recovered walk fails stands in the state; nobody is told", () =>
  Effect.gen(function* () {
    yield* dieDraining("17", 3)
    yield* inNewProcess(
      Effect.gen(function* () {
        const host = yield* attach("17:00.0", "17:00.1")
        host.world.stuck = [3]
        yield* host.driver.recover
        assert.include(stateOf(host), { migrationState: "RUNNING", stoppedBanks: 0 })
        assert.deepInclude(stateOf(host).ended?.failure, { name: "ETIMEDOUT" })
        yield* agree(host)
      })
    )
  }).pipe(Effect.provide(layer))
)

it.effect("a process that died holding the mailbox lock: the lock counts as had, and is given back", () =>
  Effect.gen(function* () {
    yield* inNewProcess(
      Effect.gen(function* () {
        const host = yield* open("17")
        yield* go(host, "STOP")
        const { vf } = host.driver
        const { pf } = host
        yield* vf.ask({ _tag: "SetState", requested: 3, pf: Pf.factsOf(pf.unsafeState()), fileCreation: 0 })
        yield* pf.ask({ _tag: "LockMailbox", vf: 1, holder: "migration" })
      })
    )
    yield* inNewProcess(
      Effect.gen(function* () {
        const host = yield* attach("17:00.0", "17:00.1")
        assert.deepStrictEqual(host.pf.unsafeState().locks, { "1": "migration" })
        yield* host.driver.recover
        assert.strictEqual(stateOf(host).migrationState, "STOP_COPY")
        assert.deepStrictEqual(host.pf.unsafeState().locks, {})
      })
    )
  }).pipe(Effect.provide(layer))
)

it.effect("a process that died after its walk had ended: lock and banks are given back all the same", () =>
  Effect.gen(function* () {
    yield* inNewProcess(
      Effect.gen(function* () {
        const { driver, pf } = yield* open("17")
        yield* driver.setState(3)
        yield* driver.setState(2)
        yield* pf.ask({ _tag: "LockMailbox", vf: 1, holder: "migration" })
      })
    )
    yield* inNewProcess(
      Effect.gen(function* () {
        const host = yield* attach("17:00.0", "17:00.1")
        yield* host.driver.recover
        assert.deepStrictEqual(host.pf.unsafeState().locks, {})
        assert.deepStrictEqual([...host.world.released], [4, 5, 6, 7])
      })
    )
  }).pipe(Effect.provide(layer))
)

it.effect("recover and a walk that is under way do not drive it twice", () =>
  Effect.gen(function* () {
    const host = yield* open("17")
    const gate = yield* Deferred.make<void>()
    host.world.hanging = [1]
    host.world.gate = Deferred.await(gate)
    const walking = yield* Effect.fork(go(host, "STOP"))
    yield* host.driver.vf.until(({ operation }) => operation?.waiting?._tag === "Drain" && operation.waiting.bank === 1)
    const recovering = yield* Effect.fork(host.driver.recover)
    yield* Deferred.succeed(gate, undefined)
    yield* Fiber.join(walking)
    yield* Fiber.join(recovering)
    assert.strictEqual(host.world.drains, 4, "one for each bank")
    assert.strictEqual(stateOf(host).migrationState, "STOP")
  }).pipe(Effect.provide(layer))
)

it.effect("without a walk there is nothing to recover", () =>
  Effect.gen(function* () {
    const host = yield* open("17")
    const before = stateOf(host)
    yield* host.driver.recover
    assert.deepStrictEqual(stateOf(host), before)
  }).pipe(Effect.provide(layer))
)

it.effect("a migration goes on after both hosts died in pre-copy", () =>
  Effect.gen(function* () {
    yield* inNewProcess(
      Effect.gen(function* () {
        const [source, destination] = yield* Effect.all([open("17"), open("65")])
        yield* live(source.driver, busy)
        yield* copy(yield* enter(source, "PRE_COPY"), yield* enter(destination, "RESUMING"), [33])
      })
    )
    yield* inNewProcess(
      Effect.gen(function* () {
        const source = yield* attach("17:00.0", "17:00.1")
        const destination = yield* attach("65:00.0", "65:00.1")
        assert.deepInclude(stateOf(source).files["0"], { position: 90 })
        assert.deepInclude(stateOf(destination).files["0"], { filledSize: 90 })
        yield* go(source, "STOP_COPY")
        const { block } = stateOf(source)
        const file = { file: 0, positioned: false, faulting: false }
        const read = yield* source.driver.vf.ask({ _tag: "ReadFile", ...file, length: 9000n })
        const bytes = read._tag === "Bytes" ? read.bytes : new Uint8Array(0)
        assert.deepStrictEqual(bytes, block.slice(90))
        const pf = Pf.factsOf(destination.pf.unsafeState())
        yield* destination.driver.vf.ask({ _tag: "WriteFile", ...file, length: BigInt(bytes.length), bytes, pf })
        yield* go(destination, "RUNNING")
        const view = (host: Host) => MigratedView.migratedView(stateOf(host))
        assert.deepStrictEqual(view(destination), view(source))
        yield* agree(source, destination)
      })
    )
  }).pipe(Effect.provide(layer))
)
