/** Probe, open, close, reset, error, removal: every error path, what it undoes, and what the next attempt finds. */
import { assert, it } from "@effect/vitest"
import { idTable, opNames, RegisterFile, type VfCommand, type VfEvent, type VfState } from "@stopcopy/qat"
import { MigrationStates } from "@stopcopy/vfio"
import { probe } from "./driver/hosts.ts"
import * as Vf from "./driver/vf.ts"

const open: VfCommand = { _tag: "Open", coreEnable: 0, allocatePrivateData: 0 }
const fails = (changes: Partial<Vf.Probe>) => Vf.unbound().when(probe(changes))

it("the driver binds exactly the three VF devices of its id table", () => {
  assert.deepStrictEqual([...idTable.keys()], [0x4941, 0x4943, 0x4945])
  for (const deviceId of idTable.keys()) {
    const bound = Vf.unbound().when(probe({ deviceId })).expectAnswer({ _tag: "Done" })
    bound.expectEvents(Vf.probed({ deviceId }))
    assert.include(bound.state, { lifecycle: "bound", deviceId, vfNumber: 1 })
  }
})

it.each([0x4940, 0x4942, 0x4944, 0x4946, 0x4947, 0x4949, 0x494b, 0x37c9])("device 0x%x is refused", (deviceId) => {
  const refused = fails({ deviceId }).expectRefusal({ _tag: "ENODEV" })
  const [event] = refused.events
  assert.deepInclude(event, { _tag: "ProbeFailed", step: "match", unwound: [] })
})

it("a device of another vendor is refused", () => {
  assert.strictEqual(Vf.errnoOf(fails({ vendor: 0x1022 })), "ENODEV")
})

type Failed = Extract<VfEvent, { readonly _tag: "ProbeFailed" }>
type Failing = readonly [string, Partial<Vf.Probe>, Failed["step"], string, Failed["unwound"]]

const failing: ReadonlyArray<Failing> = [
  ["core initialisation says EPERM", { coreInit: 1 }, "core init", "EPERM", []],
  ["core initialisation has no memory", { coreInit: 12 }, "core init", "ENOMEM", []],
  ["core initialisation says a number that no errno has", { coreInit: 4095 }, "core init", "EIO", []],
  ["the function has no VF index", { vfIndex: -38 }, "VF index", "ENODEV", ["core init"]],
  ["the VF index is above the last VF", { vfIndex: 16 }, "VF index", "ENODEV", ["core init"]],
  ["the PF has no accelerator object", { pfOps: null }, "create", "ENODEV", ["core init"]],
  ["the PF driver has no migration ops", { pfOps: [] }, "create", "EINVAL", ["core init"]],
  ["no memory for the migration device", { allocateDevice: 12 }, "create", "ENOMEM", ["core init"]],
  ["no memory for the block", { allocateBlock: 12 }, "init", "ENOMEM", ["create", "core init"]],
  ["the registration fails", { register: 16 }, "register", "EBUSY", ["init", "create", "core init"]]
]

for (const [what, changes, step, name, unwound] of failing) {
  it(`probe unwinds when ${what}`, () => {
    const refused = fails(changes)
    const [event] = refused.events
    assert.deepInclude(event, { _tag: "ProbeFailed", step, unwound })
    assert.strictEqual(event?._tag === "ProbeFailed" ? event.failure.name : "", name)
    assert.strictEqual(refused.state.lifecycle, "unbound")
    refused.when(open).expectRefusal({ _tag: "ENODEV" })
    const again = refused.when(probe()).expectAnswer({ _tag: "Done" })
    again.when(open).expectAnswer({ _tag: "Done" })
  })
}

it.each(opNames)("a PF driver without the op %s is refused, and the op is named", (name) => {
  const refused = fails({ pfOps: opNames.filter((other) => other !== name) })
  const [event] = refused.events
  const failure = event?._tag === "ProbeFailed" ? event.failure : null
  assert.deepInclude(failure, { name: "EINVAL" })
  assert.deepInclude(failure?.refusal, { code: "probe.ops", source: `missing ${name}` })
  assert.deepInclude(event, { step: "create", unwound: ["core init"] })
})

it("of two things that are wrong the earlier step is told", () => {
  assert.strictEqual(Vf.errnoOf(fails({ vfIndex: -1, coreInit: 12 })), "ENOMEM")
  fails({ pfOps: null, vfIndex: -1 }).expectRefusal({ _tag: "ENODEV" })
  fails({ pfOps: [], allocateDevice: 12 }).expectRefusal({ _tag: "EINVAL" })
  fails({ allocateBlock: 12, register: 16 }).expectRefusal({ _tag: "ENOMEM" })
})

it("a VF is probed once", () => {
  assert.strictEqual(Vf.errnoOf(Vf.unbound().when(probe()).when(probe())), "EBUSY")
})

it("removal needs a closed device, frees the block and lets the driver be bound again", () => {
  const running = Vf.opened()
  running.when({ _tag: "Remove" }).expectRefusal({ _tag: "EBUSY" })
  const used = Vf.walkTo(running, "STOP", "STOP_COPY").when({ _tag: "Close" })
  assert.isTrue(used.state.block.some((byte) => byte !== 0))
  const removed = used.when({ _tag: "Remove" })
  removed.expectEvents({ _tag: "Removed" })
  assert.isTrue(removed.state.block.every((byte) => byte === 0))
  assert.include(removed.state, { lifecycle: "unbound", setupSize: 0, remoteSetupSize: 0 })
  removed.when({ _tag: "Remove" }).expectRefusal({ _tag: "ENODEV" })
  removed.when(probe()).expectAnswer({ _tag: "Done" })
})

it("files that outlive a removal answer ENODEV to everything, and can be closed", () => {
  const saving = Vf.walkTo(Vf.opened(), "PRE_COPY")
  const held = Vf.fileOf(saving, "saving")
  const gone = saving.when({ _tag: "Close" }).when({ _tag: "Remove" })
  assert.strictEqual(Vf.errnoOf(Vf.read(gone, held, 10)), "ENODEV")
  const ioctl: VfCommand = { _tag: "IoctlFile", file: held, command: 0x3b79, argument: new Uint8Array(24) }
  gone.when(ioctl).expectRefusal({ _tag: "ENODEV" })
  const closed = gone.when({ _tag: "CloseFile", file: held })
  assert.deepStrictEqual(closed.state.files, {})

  const resuming = Vf.walkTo(Vf.opened(), "STOP", "RESUMING")
  const sink = Vf.fileOf(resuming, "resuming")
  const unbound = resuming.when({ _tag: "Close" }).when({ _tag: "Remove" })
  for (const bytes of [new Uint8Array(1), new Uint8Array(5000)]) {
    assert.strictEqual(Vf.errnoOf(Vf.write(unbound, sink, bytes)), "ENODEV")
  }
  assert.strictEqual(Vf.errnoOf(Vf.read(unbound, sink, 1)), "EBADF")
  const bound = unbound.when(probe()).when(open)
  assert.strictEqual(Vf.errnoOf(Vf.write(bound, sink, new Uint8Array(1))), "ENODEV")
  assert.notStrictEqual(Vf.fileOf(Vf.walkTo(bound, "PRE_COPY"), "saving"), sink)
})

it("open: the core's error is passed on, and failing private data undo the core enable", () => {
  const bound = Vf.unbound().when(probe())
  const core = bound.when({ _tag: "Open", coreEnable: 5, allocatePrivateData: 12 }).expectRefusal({ _tag: "EIO" })
  assert.deepInclude(core.events[0], { _tag: "OpenFailed", step: "core enable" })
  const memory = core.when({ _tag: "Open", coreEnable: 0, allocatePrivateData: 12 }).expectRefusal({ _tag: "ENOMEM" })
  assert.deepInclude(memory.events[0], { _tag: "OpenFailed", step: "private data" })
  assert.strictEqual(memory.state.lifecycle, "bound")
  const opened = memory.when(open).expectEvents({ _tag: "Opened" })
  opened.when(open).expectRefusal({ _tag: "EBUSY" })
})

it("everything that needs a user is ENODEV on a closed device", () => {
  const bound = Vf.unbound().when(probe())
  bound.when({ _tag: "Close" }).expectRefusal({ _tag: "ENODEV" })
  bound.when({ _tag: "SetState", requested: 2, ...Vf.surroundings() }).expectRefusal({ _tag: "ENODEV" })
  bound.when({ _tag: "WriteRegister", bar: 0, offset: 0x17c, value: 1 }).expectRefusal({ _tag: "ENODEV" })
  assert.strictEqual(Vf.errnoOf(Vf.unbound().when(open)), "ENODEV")
})

it("close keeps the migration state until the next open, and forgets sessions and stopped marks", () => {
  const saving = Vf.walkTo(Vf.opened({ mode: "kernel", registerModel: "memory" }), "PRE_COPY", "PRE_COPY_P2P")
  assert.strictEqual(saving.state.stoppedBanks, 0xf)
  const closed = saving.when({ _tag: "Close" })
  assert.include(closed.state, { lifecycle: "bound", migrationState: "PRE_COPY_P2P", stoppedBanks: 0, saving: null })
  assert.strictEqual(closed.state.setupSize, 90)
  const opened = closed.when(open)
  assert.include(opened.state, { lifecycle: "open", migrationState: "RUNNING", setupSize: 0, remoteSetupSize: 0 })
})

it("no bank of the emulated device stays drained for the next user", () => {
  const stopped = Vf.walkTo(Vf.opened(), "STOP")
  const drained = ({ state }: Vf.At) => [0, 1, 2, 3].filter((bank) => RegisterFile.isDrained(state.registers, bank))
  assert.deepStrictEqual(drained(stopped), [0, 1, 2, 3])
  assert.deepStrictEqual(drained(stopped.when({ _tag: "Close" }).when(open)), [])
})

it("close cancels a walk under way: its end says ECANCELED, and a late outcome changes nothing", () => {
  const pending = Vf.opened().when({ _tag: "SetState", requested: 5, ...Vf.surroundings() })
  const closed = pending.when({ _tag: "Close" })
  assert.deepStrictEqual(Vf.tags(closed.events), ["OperationEnded", "PrivateDataFreed", "Closed"])
  assert.deepInclude(closed.state.ended?.failure, { name: "ECANCELED" })
  const late: VfCommand = { _tag: "DrainEnded", operation: 0, bank: 0, drained: true, ...Vf.surroundings() }
  closed.when(late).expectEvents().expectState(closed.state)
})

const reaching: Readonly<Record<string, ReadonlyArray<VfState.Vf["migrationState"]>>> = {
  STOP: ["STOP"],
  RUNNING: ["RUNNING"],
  STOP_COPY: ["STOP_COPY"],
  RESUMING: ["RESUMING"],
  RUNNING_P2P: ["RUNNING_P2P"],
  PRE_COPY: ["PRE_COPY"],
  PRE_COPY_P2P: ["PRE_COPY", "PRE_COPY_P2P"]
}

for (const mode of ["kernel", "safe"] as const) {
  it.each(Object.keys(reaching))(`reset in %s (${mode}) leads to RUNNING without sessions`, (name) => {
    const at = Vf.walkTo(Vf.opened({ mode }), ...(reaching[name] ?? []))
    assert.strictEqual(at.state.migrationState, name)
    const files = Object.keys(at.state.files)
    const reset = at.when({ _tag: "ResetDone" })
    const { migrationState, remoteSetupSize, resuming, saving, setupSize, stoppedBanks } = reset.state
    assert.deepStrictEqual(
      { migrationState, remoteSetupSize, resuming, saving, setupSize },
      { migrationState: "RUNNING", remoteSetupSize: 0, resuming: null, saving: null, setupSize: 0 }
    )
    assert.strictEqual(stoppedBanks, at.state.stoppedBanks, "marks of stopped banks stay")
    assert.deepStrictEqual(Object.keys(reset.state.files), files, "descriptors stay with the user")
    for (const file of Object.values(reset.state.files)) assert.include(file, { disabled: true, position: 0 })
    assert.deepStrictEqual(reset.state.block, at.state.block)
    assert.strictEqual(Vf.walkTo(reset, "STOP").state.migrationState, "STOP")
  })
}

it("a reset of the emulated device clears the registers; plain memory keeps them", () => {
  const write: VfCommand = { _tag: "WriteRegister", bar: 0, offset: 0x17c, value: 0x3 }
  for (const [registerModel, value] of [
    ["derived", 0],
    ["memory", 3]
  ] as const) {
    const reset = Vf.opened({ registerModel }).when(write).when({ _tag: "ResetDone" })
    assert.strictEqual(RegisterFile.csr(reset.state.registers, 0, "INT_COL_EN"), value)
    assert.deepInclude(reset.events, { _tag: "ResetDone", cleared: registerModel === "derived" })
  }
})

it("a reset before the migration device exists changes nothing", () => {
  const before = Vf.unbound()
  before.when({ _tag: "ResetDone" }).expectEvents({ _tag: "ResetIgnored" }).expectState(before.state)
  const failed = fails({ allocateBlock: 12 })
  assert.deepStrictEqual(Vf.tags(failed.when({ _tag: "ResetDone" }).events), ["ResetIgnored"])
})

it("a reset ends a drain under way with EIO", () => {
  const pending = Vf.opened().when({ _tag: "SetState", requested: 3, ...Vf.surroundings() })
  const reset = pending.when({ _tag: "ResetDone" })
  assert.deepStrictEqual(Vf.tags(reset.events), ["OperationEnded", "ResetDone"])
  assert.deepInclude(reset.state.ended?.failure, { name: "EIO" })
  assert.include(reset.state, { operation: null, migrationState: "RUNNING" })
})

it("an error is told to the user and leaves the state alone; the reset of the recovery leads to RUNNING", () => {
  for (const path of Object.values(reaching)) {
    const at = Vf.walkTo(Vf.opened(), ...path)
    const noted: VfEvent = { _tag: "ErrorNotified" }
    const notified = at.when({ _tag: "ErrorDetected" }).expectEvents(noted)
    assert.deepStrictEqual(notified.state, { ...at.state, errorNotifications: 1 })
    const recovered = notified.when({ _tag: "ResetDone" })
    assert.strictEqual(recovered.state.migrationState, "RUNNING")
    assert.isTrue(MigrationStates.isRunning(recovered.state.migrationState))
  }
})
