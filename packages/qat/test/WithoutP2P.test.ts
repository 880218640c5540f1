/** A device that does not offer the P2P states: its arcs, what each of them waits for, and whole migrations between such devices. */
import { assert, it } from "@effect/vitest"
import { decodeBlock, MigratedView, RegisterFile, type VfEvent } from "@stopcopy/qat"
import { MigrationStates, Path, type MigrationState } from "@stopcopy/vfio"
import { Effect, Either, Fiber, TestClock } from "effect"
import { agree, copy, enter, go, type Host, layer, open } from "./driver/hosts.ts"
import { busy, live, ringOffset } from "./driver/lives.ts"
import * as Vf from "./driver/vf.ts"

const flags = 5
const opened = (changes: Partial<Vf.Probe> = {}, ...past: ReadonlyArray<VfEvent>): Vf.At =>
  Vf.opened({ registerModel: "device", p2p: false, ...changes }, ...past)

const drain = ["ArcWaits", "BankDrained"] as const
const suspend = [...drain, ...drain, ...drain, ...drain]
const newFile = ["FileOpened", "SessionStarted"] as const
const sessionOver = ["FileDisabled", "SessionsEnded"] as const
const lock = ["ArcWaits", "MailboxLockTaken"] as const

type Arc = readonly [from: MigrationState, to: MigrationState, events: ReadonlyArray<string>]
const arcs: ReadonlyArray<Arc> = [
  ["RUNNING", "STOP", suspend],
  ["STOP", "RUNNING", ["BanksReleased", "InterruptsDerived"]],
  ["RUNNING", "PRE_COPY", ["BlockCleared", "SetupSaved", ...newFile]],
  ["PRE_COPY", "RUNNING", sessionOver],
  ["PRE_COPY", "STOP_COPY", [...suspend, ...lock, "StateSaved", "FileFilled"]],
  ["STOP", "STOP_COPY", ["ArcWaits", "BlockCleared", "MailboxLockTaken", "SetupSaved", "StateSaved", ...newFile]],
  ["STOP_COPY", "STOP", sessionOver],
  ["STOP", "RESUMING", ["BlockCleared", ...newFile]],
  ["RESUMING", "STOP", ["StateLoaded", ...sessionOver]]
]

const reach = (state: MigrationState): Vf.At => {
  const at = Vf.walkTo(opened(), state)
  return state === "RESUMING" ? Vf.write(at, Vf.fileOf(at, "resuming"), Vf.streamOf(opened())) : at
}

for (const [from, to, events] of arcs) {
  it(`${from} to ${to}: the arc's work, then the state`, () => {
    const walked = Vf.walk(reach(from), to)
    const seen = Vf.tags(walked.events).filter((tag) => !["SetupJudged", "RemoteSetupSized"].includes(tag))
    assert.deepStrictEqual(seen, ["OperationStarted", ...events, "ArcTaken", "OperationEnded"])
    assert.strictEqual(walked.state.migrationState, to)
    assert.isNull(walked.failure)
  })
}

it("these are all arcs of a device with STOP_COPY and PRE_COPY", () => {
  const named = (all: ReadonlyArray<readonly [string, string]>) => all.map(([from, to]) => `${from}>${to}`).toSorted()
  assert.deepStrictEqual(
    named(arcs.map(([from, to]) => [from, to])),
    named(Path.arcs(flags).map(({ from, to }) => [from, to]))
  )
})

it("from every state to every number: the path, the state and the errno of the protocol; P2P states are EINVAL", () => {
  for (const from of ["STOP", "RUNNING", "STOP_COPY", "RESUMING", "PRE_COPY"] as const) {
    for (let number = -1; number <= 9; number++) {
      const expected = Path.walk(flags, MigrationStates.toNumber(from), number)
      const walked = Vf.request(reach(from), number)
      const path = walked.events.flatMap((event) => (event._tag === "ArcTaken" ? [event.to] : []))
      assert.deepStrictEqual(path.map(MigrationStates.toNumber), [...expected.path], `${from} to ${number}`)
      assert.strictEqual(walked.failure?.name, expected.error?._tag, `${from} to ${number}`)
      if (number === 5 || number === 7) {
        assert.strictEqual(walked.failure?.name, "EINVAL")
        assert.strictEqual(Vf.codeOf(walked.failure), "vfio.state.unsupported.requested")
      }
    }
  }
})

const drained = ({ state }: Vf.At) => [0, 1, 2, 3].filter((bank) => RegisterFile.isDrained(state.registers, bank))

it("what stops the device stops its banks, what runs it lets them run", () => {
  assert.deepStrictEqual(drained(reach("STOP")), [0, 1, 2, 3])
  assert.deepStrictEqual(drained(reach("STOP_COPY")), [0, 1, 2, 3])
  assert.deepStrictEqual(drained(reach("RESUMING")), [0, 1, 2, 3])
  assert.deepStrictEqual(drained(reach("PRE_COPY")), [])
  assert.deepStrictEqual(drained(Vf.walkTo(reach("STOP"), "RUNNING")), [])
  assert.deepStrictEqual(drained(Vf.walkTo(reach("PRE_COPY"), "STOP_COPY", "STOP")), [0, 1, 2, 3])
})

for (const mode of ["kernel", "safe"] as const) {
  it(`a busy mailbox after the drain leaves a device that runs in PRE_COPY, with the file as it was (${mode})`, () => {
    const saving = Vf.walkTo(opened({ mode }), "PRE_COPY")
    const failed = Vf.walk(saving, "STOP_COPY", { mailboxBusy: true })
    assert.deepInclude(failed.failure, { name: "ETIMEDOUT" })
    assert.include(failed.state, { migrationState: "PRE_COPY", stoppedBanks: 0 })
    assert.deepStrictEqual(drained(failed), [])
    assert.deepStrictEqual(failed.state.files, saving.state.files)
    const again = Vf.walkTo(failed, "STOP_COPY")
    assert.isTrue(Either.isRight(decodeBlock(again.state.block)))
  })
}

it("a drain that times out on the way to STOP or STOP_COPY leaves the state and, in safe mode, running banks", () => {
  for (const [from, to] of [
    ["RUNNING", "STOP"],
    ["PRE_COPY", "STOP_COPY"]
  ] as const) {
    const failed = Vf.walk(reach(from), to, { stuck: [2] })
    assert.deepInclude(failed.failure, { name: "ETIMEDOUT" })
    assert.strictEqual(failed.state.migrationState, from)
    assert.deepStrictEqual(drained(failed), [])
  }
})

it("PRE_COPY to STOP_COPY without a saving file is EINVAL before anything is drained", () => {
  const at = opened({}, { _tag: "ArcTaken", from: "RUNNING", to: "PRE_COPY" })
  const walked = Vf.walk(at, "STOP_COPY")
  assert.strictEqual(Vf.codeOf(walked.failure), "arc.session")
  assert.deepStrictEqual(drained(walked), [])
})

const viewOf = ({ driver }: Host) => MigratedView.migratedView(driver.vf.unsafeState())
const withoutP2P = { vf: { registerModel: "device", p2p: false } } as const

it.effect("the driver says what the device offers", () =>
  Effect.gen(function* () {
    const [without, with_] = yield* Effect.all([open("17", withoutP2P), open("65")])
    assert.deepStrictEqual([without.driver.flags, with_.driver.flags], [5, 7])
  }).pipe(Effect.provide(layer))
)

it.effect("a busy VF migrates live without P2P, there and back, and both sides are the same afterwards", () =>
  Effect.gen(function* () {
    const hosts = yield* Effect.all([open("17", withoutP2P), open("65", withoutP2P)])
    const [a, b] = hosts
    yield* live(a.driver, busy)
    for (const [source, destination] of [
      [a, b],
      [b, a]
    ] as const) {
      const saving = yield* enter(source, "PRE_COPY")
      const resuming = yield* enter(destination, "RESUMING")
      assert.strictEqual(yield* copy(saving, resuming, [13]), 90)
      yield* live(source.driver, [{ bar: 0, offset: ringOffset(1, 1, "HEAD"), value: 0x40 }])
      yield* go(source, "STOP_COPY")
      yield* copy(saving, resuming, [1, 700])
      yield* go(destination, "STOP")
      assert.deepStrictEqual(viewOf(destination), viewOf(source))
      yield* go(destination, "RUNNING")
      yield* go(source, "STOP")
      yield* Effect.all([saving.close, resuming.close])
    }
    yield* agree(a, b)
  }).pipe(Effect.provide(layer))
)

it.effect("hardware runs again when the mailbox was busy, and the next attempt goes through", () =>
  Effect.gen(function* () {
    const host = yield* open("17", withoutP2P)
    yield* enter(host, "PRE_COPY")
    yield* host.pf.ask({ _tag: "LockMailbox", vf: 1, holder: "service" })
    const walking = yield* Effect.fork(Effect.flip(go(host, "STOP_COPY")))
    yield* TestClock.adjust("6 millis")
    assert.include(yield* Fiber.join(walking), { _tag: "ETIMEDOUT" })
    assert.deepStrictEqual([...host.world.released].toSorted(), [4, 5, 6, 7])
    yield* host.pf.ask({ _tag: "UnlockMailbox", vf: 1, holder: "service" })
    yield* go(host, "STOP_COPY")
    yield* agree(host)
  }).pipe(Effect.provide(layer))
)

it.effect("P2P states asked of such a device are EINVAL, and the device goes on", () =>
  Effect.gen(function* () {
    const host = yield* open("17", withoutP2P)
    for (const state of ["RUNNING_P2P", "PRE_COPY_P2P"] as const) {
      assert.include(yield* Effect.flip(go(host, state)), { _tag: "EINVAL" })
    }
    yield* go(host, "STOP")
    yield* go(host, "RUNNING")
    assert.strictEqual(host.driver.vf.unsafeState().migrationState, "RUNNING")
  }).pipe(Effect.provide(layer))
)
