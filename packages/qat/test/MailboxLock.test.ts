/** The mailbox lock of a save: 5 ms of tries on the clock of the test, and what happens around it. */
import { assert, it } from "@effect/vitest"
import type { PfActor } from "@stopcopy/qat"
import { Journal } from "@stopcopy/runtime"
import { Effect, Fiber, Stream, TestClock } from "effect"
import * as MailboxLock from "../src/MailboxLock.ts"
import { agree, enter, go, type Host, layer, open } from "./driver/hosts.ts"

const service = (pf: PfActor, vf: number, on: boolean) =>
  pf.ask({ _tag: on ? "LockMailbox" : "UnlockMailbox", vf, holder: "service" })

const stateOf = ({ driver }: Host) => driver.vf.unsafeState()

it.effect("a free lock is had at once, once more too, and given back without a trace", () =>
  Effect.gen(function* () {
    const { pf } = yield* open("17")
    assert.isTrue(yield* MailboxLock.take(pf, 1))
    assert.isTrue(yield* MailboxLock.take(pf, 1))
    assert.deepStrictEqual(pf.unsafeState().locks, { "1": "migration" })
    yield* MailboxLock.release(pf, 1)
    yield* MailboxLock.release(pf, 1)
    assert.deepStrictEqual(pf.unsafeState().locks, {})
  }).pipe(Effect.provide(layer))
)

it.effect("a lock that is freed within 5 ms is had; one that is not is given up at the first try after", () =>
  Effect.gen(function* () {
    const { pf } = yield* open("17")
    yield* service(pf, 1, true)
    const patient = yield* Effect.fork(MailboxLock.take(pf, 1))
    yield* TestClock.adjust("4 millis")
    yield* service(pf, 1, false)
    yield* TestClock.adjust("1 millis")
    assert.isTrue(yield* Fiber.join(patient))
    yield* MailboxLock.release(pf, 1)

    yield* service(pf, 1, true)
    const late = yield* Effect.fork(MailboxLock.take(pf, 1))
    yield* TestClock.adjust("5 millis")
    assert.strictEqual((yield* Fiber.poll(late))._tag, "None")
    yield* TestClock.adjust("1 millis")
    assert.isFalse(yield* Fiber.join(late))
  }).pipe(Effect.provide(layer))
)

it.effect("the lock of another VF does not matter", () =>
  Effect.gen(function* () {
    const host = yield* open("17")
    yield* service(host.pf, 2, true)
    yield* enter(host, "STOP_COPY")
    assert.deepStrictEqual(host.pf.unsafeState().locks, { "2": "service" })
  }).pipe(Effect.provide(layer))
)

/** Types of all events so far that tell of the mailbox or of a save. */
const told = Effect.gen(function* () {
  const journal = yield* Journal
  const types = yield* Stream.runCollect(
    journal.events(0).pipe(
      Stream.filter(({ type }) => /^(Mailbox|StateSaved)/.test(type)),
      Stream.map(({ type }) => type)
    )
  )
  return [...types]
})

it.effect("a save that finds the lock free is one turn with its walk, and takes none", () =>
  Effect.gen(function* () {
    const host = yield* open("17")
    yield* enter(host, "STOP_COPY")
    assert.deepStrictEqual(yield* told, ["StateSaved"])
  }).pipe(Effect.provide(layer))
)

it.effect("a save that found it held has it while it reads, and gives it back; tries leave no event", () =>
  Effect.gen(function* () {
    const host = yield* open("17")
    yield* service(host.pf, 1, true)
    const walking = yield* Effect.fork(enter(host, "STOP_COPY"))
    yield* TestClock.adjust("3 millis")
    yield* service(host.pf, 1, false)
    yield* TestClock.adjust("1 millis")
    yield* Fiber.join(walking)
    const ofService = ["MailboxLocked", "MailboxUnlocked"]
    const ofMigration = ["MailboxLocked", "MailboxLockTaken", "StateSaved", "MailboxUnlocked"]
    assert.deepStrictEqual(yield* told, [...ofService, ...ofMigration])
  }).pipe(Effect.provide(layer))
)

it.effect("a busy mailbox fails the save with ETIMEDOUT after 5 ms; later it works", () =>
  Effect.gen(function* () {
    const host = yield* open("17")
    yield* service(host.pf, 1, true)
    const walking = yield* Effect.fork(Effect.flip(go(host, "STOP_COPY")))
    yield* TestClock.adjust("6 millis")
    assert.include(yield* Fiber.join(walking), { _tag: "ETIMEDOUT" })
    assert.strictEqual(stateOf(host).migrationState, "STOP")
    assert.deepStrictEqual(host.pf.unsafeState().locks, { "1": "service" }, "the PF's own lock is not taken from it")
    yield* service(host.pf, 1, false)
    yield* enter(host, "STOP_COPY")
    yield* agree(host)
  }).pipe(Effect.provide(layer))
)

it.effect("a reset while a save waits for the lock ends it with EIO, and no lock is left", () =>
  Effect.gen(function* () {
    const host = yield* open("17")
    yield* service(host.pf, 1, true)
    const walking = yield* Effect.fork(Effect.flip(go(host, "STOP_COPY")))
    yield* host.driver.vf.until(({ operation }) => operation?.waiting?._tag === "MailboxLock")
    yield* host.driver.reset
    assert.include(yield* Fiber.join(walking), { _tag: "EIO" })
    yield* service(host.pf, 1, false)
    assert.deepStrictEqual(host.pf.unsafeState().locks, {})
  }).pipe(Effect.provide(layer))
)
