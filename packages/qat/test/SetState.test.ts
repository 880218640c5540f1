/** Every arc with its events, every failing arc with its error and the state after it, and whole walks. */
import { assert, it } from "@effect/vitest"
import { decodeBlock, Layout, RegisterFile, type VfCommand } from "@stopcopy/qat"
import { MigrationStates, Path, type MigrationState } from "@stopcopy/vfio"
import { Either } from "effect"
import { setState, type NextArc } from "../src/SetState.ts"
import { begin } from "../src/Turn.ts"
import * as Vf from "./driver/vf.ts"

const drain = ["ArcWaits", "BankDrained", "ArcWaits", "BankDrained"] as const
const suspend = [...drain, ...drain]
const newFile = ["FileOpened", "SessionStarted"] as const
const sessionOver = ["FileDisabled", "SessionsEnded"] as const

type Arc = readonly [from: MigrationState, to: MigrationState, events: ReadonlyArray<string>]
const arcs: ReadonlyArray<Arc> = [
  ["RUNNING", "RUNNING_P2P", suspend],
  ["PRE_COPY", "PRE_COPY_P2P", suspend],
  ["RUNNING_P2P", "RUNNING", ["BanksReleased"]],
  ["PRE_COPY_P2P", "PRE_COPY", ["BanksReleased"]],
  ["RUNNING_P2P", "STOP", []],
  ["STOP", "RUNNING_P2P", []],
  ["STOP", "STOP_COPY", ["ArcWaits", "MailboxLockTaken", "SetupSaved", "StateSaved", ...newFile]],
  ["STOP", "RESUMING", [...newFile]],
  ["STOP_COPY", "STOP", sessionOver],
  ["PRE_COPY", "RUNNING", sessionOver],
  ["PRE_COPY_P2P", "RUNNING_P2P", sessionOver],
  ["RUNNING", "PRE_COPY", ["SetupSaved", ...newFile]],
  ["RUNNING_P2P", "PRE_COPY_P2P", ["SetupSaved", ...newFile]],
  ["PRE_COPY_P2P", "STOP_COPY", ["ArcWaits", "MailboxLockTaken", "StateSaved", "FileFilled"]],
  ["RESUMING", "STOP", ["StateLoaded", ...sessionOver]]
]

/** A kernel-mode VF in this state; one that is RESUMING has a whole stream of its own kind. */
const reach = (state: MigrationState, mode: "kernel" | "safe" = "kernel"): Vf.At => {
  const at = Vf.opened({ mode })
  if (state === "PRE_COPY_P2P") return Vf.walkTo(at, "PRE_COPY", state)
  if (state !== "RESUMING") return Vf.walkTo(at, state)
  const resuming = Vf.walkTo(at, state)
  return Vf.write(resuming, Vf.fileOf(resuming, "resuming"), Vf.streamOf(at))
}

for (const [from, to, events] of arcs) {
  it(`${from} to ${to}: the arc's work, then the state`, () => {
    const walked = Vf.walk(reach(from), to)
    assert.deepStrictEqual(Vf.tags(walked.events), ["OperationStarted", ...events, "ArcTaken", "OperationEnded"])
    assert.strictEqual(walked.state.migrationState, to)
    assert.isNull(walked.failure)
    assert.strictEqual(walked.file !== null, events.includes("SessionStarted"))
  })
}

it("these are all arcs of a device with STOP_COPY, P2P and PRE_COPY", () => {
  const known = arcs.map(([from, to]) => `${from}>${to}`)
  assert.deepStrictEqual(
    known.toSorted(),
    Path.arcs(7)
      .map(({ from, to }) => `${from}>${to}`)
      .toSorted()
  )
})

const states = MigrationStates.all.filter((state) => state !== "ERROR")

it("from every state to every number: the path, the state and the errno of the protocol", () => {
  for (const from of states) {
    for (let number = -1; number <= 9; number++) {
      const at = reach(from)
      const expected = Path.walk(7, MigrationStates.toNumber(from), number)
      const walked = Vf.request(at, number)
      const path = walked.events.flatMap((event) => (event._tag === "ArcTaken" ? [event.to] : []))
      assert.deepStrictEqual(path.map(MigrationStates.toNumber), [...expected.path], `${from} to ${number}`)
      assert.strictEqual(walked.failure?.name, expected.error?._tag, `${from} to ${number}`)
    }
  }
})

it("the current state is a success without a file", () => {
  for (const from of states) {
    const walked = Vf.walk(reach(from), from)
    assert.deepStrictEqual(Vf.tags(walked.events), ["OperationStarted", "OperationEnded"])
    assert.deepInclude(walked.state.ended, { failure: null, file: null })
  }
})

const failures: ReadonlyArray<
  readonly [
    what: string,
    from: MigrationState,
    to: MigrationState,
    world: Vf.World,
    name: string,
    after: MigrationState
  ]
> = [
  ["a drain that times out", "RUNNING", "RUNNING_P2P", { stuck: [2] }, "ETIMEDOUT", "RUNNING"],
  ["a drain that times out in pre-copy", "PRE_COPY", "PRE_COPY_P2P", { stuck: [0] }, "ETIMEDOUT", "PRE_COPY"],
  ["no descriptor", "STOP", "STOP_COPY", { fileCreation: 24 }, "EMFILE", "STOP"],
  ["a full file table", "STOP", "RESUMING", { fileCreation: 23 }, "ENFILE", "STOP"],
  ["no memory for a file", "RUNNING", "PRE_COPY", { fileCreation: 12 }, "ENOMEM", "RUNNING"],
  ["no descriptor in P2P", "RUNNING_P2P", "PRE_COPY_P2P", { fileCreation: 24 }, "EMFILE", "RUNNING_P2P"],
  ["a file creation that says no errno", "RUNNING", "PRE_COPY", { fileCreation: 4095 }, "EIO", "RUNNING"],
  ["a busy mailbox", "STOP", "STOP_COPY", { mailboxBusy: true }, "ETIMEDOUT", "STOP"],
  ["a busy mailbox in pre-copy", "PRE_COPY_P2P", "STOP_COPY", { mailboxBusy: true }, "ETIMEDOUT", "PRE_COPY_P2P"],
  ["a drain on the way", "RUNNING", "STOP_COPY", { stuck: [3] }, "ETIMEDOUT", "RUNNING"],
  ["a busy mailbox on the way", "RUNNING", "STOP_COPY", { mailboxBusy: true }, "ETIMEDOUT", "STOP"],
  ["no descriptor on the way", "STOP_COPY", "RESUMING", { fileCreation: 24 }, "EMFILE", "STOP"],
  ["a way that is blocked", "STOP_COPY", "PRE_COPY", {}, "EINVAL", "STOP_COPY"]
]

for (const mode of ["kernel", "safe"] as const) {
  for (const [what, from, to, world, name, after] of failures) {
    it(`${from} to ${to} fails with ${name} for ${what} (${mode}); the device stays in ${after} and nothing is open that was not`, () => {
      const at = reach(from, mode)
      const walked = Vf.walk(at, to, world)
      assert.deepInclude(walked.failure, { name })
      assert.isString(walked.failure?.refusal?.remedy)
      assert.include(walked.state, { migrationState: after, operation: null })
      assert.isNull(walked.file)
      if (from === after) assert.deepStrictEqual(walked.state.files, at.state.files)
      assert.notInclude(Vf.tags(walked.events), "SessionStarted")
      assert.isNull(Vf.walk(walked, after).failure)
    })
  }
}

it("after every failure the same walk can be asked for again", () => {
  for (const [, from, to, world, name] of failures) {
    if (name === "EINVAL") continue
    const again = Vf.walk(Vf.walk(reach(from), to, world), to)
    assert.isNull(again.failure, `${from} to ${to}`)
    assert.strictEqual(again.state.migrationState, to)
  }
})

it("a load that fails leaves RESUMING with a file that can still be written, where it stood", () => {
  for (const mode of ["kernel", "safe"] as const) {
    const resuming = Vf.walkTo(Vf.opened({ mode }), "RESUMING")
    const file = Vf.fileOf(resuming, "resuming")
    const stream = Vf.streamOf(Vf.opened())
    const half = Vf.write(resuming, file, stream.slice(0, 200))
    const failed = Vf.walk(half, "STOP")
    assert.deepInclude(failed.failure, { name: "EINVAL" })
    assert.include(failed.state, { migrationState: "RESUMING", resuming: file })
    assert.deepInclude(failed.state.files[`${file}`], { position: 200, disabled: false })
    const whole = Vf.write(failed, file, stream.slice(200))
    assert.strictEqual(Vf.walkTo(whole, "STOP").state.migrationState, "STOP")
  }
})

it("a busy mailbox leaves general state, an empty misc header and a preamble without sections in the block", () => {
  const walked = Vf.walk(Vf.opened({ mode: "kernel" }), "STOP_COPY", { mailboxBusy: true })
  const { block, setupSize } = walked.state
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength)
  const state = Layout.setupBytes
  assert.strictEqual(setupSize, state)
  assert.strictEqual(view.getUint32(state + Layout.preambleField.magic, true), Layout.magic)
  assert.strictEqual(view.getUint16(state + Layout.preambleField.sectionCount, true), 0)
  assert.strictEqual(view.getUint32(state + Layout.preambleField.size, true), 0)
  const general = state + Layout.preambleBytes
  const text = (at: number) => new TextDecoder().decode(block.subarray(at, at + 8)).replaceAll("\0", "")
  assert.strictEqual(text(general), "GENER")
  const misc = general + Layout.headerBytes + view.getUint32(general + Layout.headerField.size, true)
  assert.strictEqual(text(misc), "MISCBAR")
  assert.strictEqual(view.getUint32(misc + Layout.headerField.size, true), 0)
  assert.strictEqual(view.getUint32(misc + Layout.headerField.subSections, true), 0)
  assert.isTrue(block.subarray(misc + Layout.headerBytes).every((byte) => byte === 0))
})

it("a busy mailbox on the last arc keeps the file and what it had to give", () => {
  const at = reach("PRE_COPY_P2P")
  const file = Vf.fileOf(at, "saving")
  const walked = Vf.walk(at, "STOP_COPY", { mailboxBusy: true })
  assert.deepStrictEqual(walked.state.files[`${file}`], at.state.files[`${file}`])
  assert.strictEqual(at.state.files[`${file}`]?.filledSize, 90)
  const stopped = Vf.walk(walked, "STOP_COPY")
  assert.strictEqual(stopped.state.files[`${file}`]?.filledSize, 4096)
  assert.isTrue(Either.isRight(decodeBlock(stopped.state.block)))
})

it("PRE_COPY_P2P to STOP_COPY without a saving file is EINVAL", () => {
  const at = Vf.opened({}, { _tag: "ArcTaken", from: "RUNNING", to: "PRE_COPY_P2P" })
  const walked = Vf.walk(at, "STOP_COPY")
  assert.strictEqual(Vf.codeOf(walked.failure), "arc.session")
  assert.include(walked.state, { migrationState: "PRE_COPY_P2P" })
})

it("an arc that no driver has is EINVAL", () => {
  const broken: NextArc = () => Either.right("ERROR")
  const command: VfCommand = { _tag: "SetState", requested: 1, ...Vf.surroundings() }
  const refused = Vf.deciding(
    Vf.opened(),
    (state) => setState(begin(state), { ...command, _tag: "SetState" }, broken),
    command
  )
  assert.strictEqual(Vf.codeOf(refused.state.ended?.failure ?? null), "arc.unknown")
  assert.strictEqual(refused.state.migrationState, "RUNNING")
})

it("a file that a broken arc table produces too early is dropped with EINVAL; the state reached and the session stay", () => {
  const broken: NextArc = () => Either.right("PRE_COPY")
  const command = { _tag: "SetState", requested: 3, ...Vf.surroundings() } as const
  const walked = Vf.deciding(Vf.opened(), (state) => setState(begin(state), command, broken), command)
  assert.deepStrictEqual(Vf.tags(walked.events).slice(-3), ["ArcTaken", "FileClosed", "OperationEnded"])
  assert.deepInclude(walked.state.ended, { file: null })
  assert.strictEqual(Vf.codeOf(walked.state.ended?.failure ?? null), "arc.file")
  assert.include(walked.state, { migrationState: "PRE_COPY", saving: 0 })
  assert.deepInclude(walked.state.files["0"], { closed: true, disabled: false })
  const stopped = Vf.walkTo({ ...walked, when: Vf.opened({}, ...walked.events).when }, "STOP_COPY", "STOP")
  assert.deepStrictEqual(stopped.state.files, {})
})

it("while a walk waits another one is EBUSY, and registers are written and kept", () => {
  const pending = Vf.opened().when({ _tag: "SetState", requested: 5, ...Vf.surroundings() })
  const busy = pending.when({ _tag: "SetState", requested: 2, ...Vf.surroundings() }).expectRefusal({ _tag: "EBUSY" })
  const written = busy.when({ _tag: "WriteRegister", bar: 0, offset: 0x100, value: 0x40 })
  const walked = Vf.settle(written)
  assert.strictEqual(walked.state.migrationState, "RUNNING_P2P")
  assert.strictEqual(RegisterFile.ringRegister(walked.state.registers, 0, 0, "TAIL"), 0x40)
})

it("an outcome that nobody waits for changes nothing", () => {
  const pending = Vf.opened().when({ _tag: "SetState", requested: 5, ...Vf.surroundings() })
  const strays: ReadonlyArray<VfCommand> = [
    { _tag: "DrainEnded", operation: 7, bank: 0, drained: true, ...Vf.surroundings() },
    { _tag: "DrainEnded", operation: 0, bank: 1, drained: true, ...Vf.surroundings() },
    { _tag: "CoalescingEnded", operation: 0, bank: 0, ...Vf.surroundings() },
    { _tag: "MailboxLockEnded", operation: 0, taken: true, ...Vf.surroundings() }
  ]
  for (const stray of strays) pending.when(stray).expectEvents().expectState(pending.state)
  for (const stray of strays) assert.isEmpty(Vf.opened().when(stray).events)
})

it("the block that STOP_COPY yields is a whole one with the registers of the moment", () => {
  const at = Vf.opened({ init: 1, compatVersion: 4 }).when({
    _tag: "WriteRegister",
    bar: 0,
    offset: 0x2000 + 0x180,
    value: 9
  })
  const block = decodeBlock(Vf.streamOf(at))
  const decoded = Either.getOrThrow(block)
  assert.deepInclude(decoded.setup, { gencap: Vf.facts.gencap, svcmap: Vf.facts.svcmap, extdc: Vf.facts.extdc })
  assert.deepInclude(decoded.state.general, { init: 1, compatVersion: 4 })
  assert.strictEqual(decoded.state.banks[1].csrs[11], 9)
})
