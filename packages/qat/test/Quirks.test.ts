/**
 * The quirks of the driver by number, as the README's table has them: what kernel mode does and what safe mode does.
 * 1 to 8 are those of section 7 of the driver specification.
 */
import { assert, it } from "@effect/vitest"
import { Layout, RegisterFile, type VfCommand, type VfState } from "@stopcopy/qat"
import { readdirSync, readFileSync } from "node:fs"
import { refusedBlock } from "./driver/blocks.ts"
import * as Vf from "./driver/vf.ts"

const kernel = (changes: Partial<Vf.Probe> = {}) => Vf.opened({ mode: "kernel", ...changes })
const safe = (changes: Partial<Vf.Probe> = {}) => Vf.opened({ mode: "safe", ...changes })
const resuming = (at: Vf.At) => Vf.walkTo(at, "RESUMING")
const stream = Vf.streamOf(safe())

const otherMap = { pf: { svcmap: 0x111 } }
const code = (walked: Vf.Walked) => Vf.codeOf(walked.failure)

it("quirk 1, kernel: a configuration mismatch is reported once; who ignores it can finish the load", () => {
  const refused = Vf.write(resuming(kernel()), 0, stream.slice(0, 90), otherMap).expectRefusal({ _tag: "EINVAL" })
  assert.strictEqual(refused.state.remoteSetupSize, 90)
  const rest = Vf.write(refused, 0, stream.slice(90), otherMap).expectAnswer({ _tag: "Count", count: 4006 })
  assert.isNull(Vf.walk(rest, "STOP", otherMap).failure)
})

it("quirk 1, safe: a configuration mismatch is reported by every write and by the load", () => {
  const refused = Vf.write(resuming(safe()), 0, stream.slice(0, 90), otherMap).expectRefusal({ _tag: "EINVAL" })
  assert.strictEqual(refused.state.remoteSetupSize, 0)
  const rest = Vf.write(refused, 0, stream.slice(90), otherMap).expectRefusal({ _tag: "EINVAL" })
  const walked = Vf.walk(rest, "STOP", otherMap)
  assert.strictEqual(code(walked), "mstate.svcmap.equal")
  assert.deepStrictEqual(walked.state.registers, rest.state.registers)
})

/** A second resuming session on a device that has loaded once. */
const second = (at: Vf.At): Vf.At => {
  const first = Vf.walkTo(Vf.write(resuming(at), 0, stream), "STOP")
  return Vf.walkTo(first, "RESUMING")
}

it("quirk 2, kernel: a second session does not look at its setup part; the old size is the offset of the state part", () => {
  const at = second(kernel())
  assert.strictEqual(at.state.remoteSetupSize, 90)
  const garbage = stream.slice()
  garbage.fill(0xff, 0, 90)
  const written = Vf.write(at, Vf.fileOf(at, "resuming"), garbage).expectAnswer({ _tag: "Count", count: 4096 })
  assert.isNull(Vf.walk(written, "STOP", otherMap).failure)
})

it("quirk 2, safe: every session judges its own setup part", () => {
  const at = second(safe())
  assert.strictEqual(at.state.remoteSetupSize, 0)
  const file = Vf.fileOf(at, "resuming")
  Vf.write(at, file, stream, otherMap).expectRefusal({ _tag: "EINVAL" })
  const garbage = stream.slice()
  garbage.fill(0xff, 0, 90)
  Vf.write(at, file, garbage).expectRefusal({ _tag: "EINVAL" })
})

const newMap = { pf: { svcmap: 0x333 } }
const svcmapOf = ({ state }: Vf.At): number => {
  const { block } = state
  return new DataView(block.buffer, block.byteOffset).getUint16(68, true)
}

it("quirk 3, kernel: after the first save the setup part is never written again, whatever the PF has become", () => {
  const first = Vf.walk(kernel(), "STOP_COPY")
  assert.strictEqual(svcmapOf(first), 0x0249)
  const again = Vf.walk(Vf.walkTo(first, "RUNNING"), "STOP_COPY", newMap)
  assert.strictEqual(svcmapOf(again), 0x0249)
  const loaded = Vf.walkTo(Vf.write(Vf.walkTo(first, "RESUMING"), 1, new Uint8Array(40)), "RESUMING")
  assert.strictEqual(loaded.state.setupSize, 90)
  const emitted = Vf.walk(Vf.walkTo(loaded.when({ _tag: "ResetDone" }), "RUNNING"), "STOP_COPY", newMap)
  assert.strictEqual(svcmapOf(emitted), 0x333, "only reset, open and init clear the size")
})

it("quirk 3, safe: every saving session writes the setup part of its moment", () => {
  const first = Vf.walk(safe(), "STOP_COPY")
  const again = Vf.walk(Vf.walkTo(first, "RUNNING"), "STOP_COPY", newMap)
  assert.strictEqual(svcmapOf(again), 0x333)
  const preCopy = Vf.walk(Vf.walkTo(again, "RUNNING"), "PRE_COPY", { pf: { svcmap: 0x444 } })
  assert.strictEqual(svcmapOf(preCopy), 0x444)
  const stopped = Vf.walk(preCopy, "STOP_COPY", newMap)
  assert.strictEqual(svcmapOf(stopped), 0x444, "within a session it stays what the destination has judged")
})

it("quirk 4, kernel: a load without a write takes what the block holds: EINVAL if zero, success after a save", () => {
  const zero = Vf.walk(resuming(kernel()), "STOP")
  assert.deepInclude(zero.failure, { name: "EINVAL" })
  const saved = Vf.walkTo(kernel(), "STOP_COPY", "RESUMING")
  assert.isNull(Vf.walk(saved, "STOP").failure)
})

it("quirk 4, safe: a load without a write is EINVAL, whatever was saved before", () => {
  for (const at of [resuming(safe()), Vf.walkTo(safe(), "STOP_COPY", "RESUMING")]) {
    const walked = Vf.walk(at, "STOP")
    assert.strictEqual(code(walked), "mstate.stream.incomplete")
    assert.isTrue(walked.state.block.every((byte) => byte === 0))
  }
})

it("quirk 5, kernel: missing bytes at the end of the stream are whatever the block held", () => {
  const saved = Vf.walkTo(kernel(), "STOP_COPY", "RESUMING")
  const part = Vf.write(saved, Vf.fileOf(saved, "resuming"), stream.slice(0, 300))
  assert.isNull(Vf.walk(part, "STOP").failure)
})

it("quirk 5, safe: setup and state part must have arrived in this session; the zeroes behind them need not", () => {
  const saved = Vf.walkTo(safe(), "STOP_COPY", "RESUMING")
  const file = Vf.fileOf(saved, "resuming")
  const end = new DataView(stream.buffer).getUint32(90 + Layout.preambleField.size, true) + 90 + Layout.preambleBytes
  for (const length of [89, 90, 105, 106, 300, end - 1]) {
    const walked = Vf.walk(Vf.write(saved, file, stream.slice(0, length)), "STOP")
    assert.strictEqual(code(walked), "mstate.stream.incomplete", `${length} bytes`)
  }
  assert.isNull(Vf.walk(Vf.write(saved, file, stream.slice(0, end)), "STOP").failure)
})

it("quirk 6, both modes: STOP_COPY yields 4096 bytes, of which the last are zero", () => {
  for (const at of [kernel(), safe()]) {
    const stopped = Vf.walkTo(at, "STOP_COPY")
    const read = Vf.read(stopped, Vf.fileOf(stopped, "saving"), 9999)
    const bytes =
      read.answer._tag === "Right" && read.answer.right._tag === "Bytes" ? read.answer.right.bytes : undefined
    assert.strictEqual(bytes?.length, 4096)
    assert.isTrue(bytes?.subarray(2436).every((byte) => byte === 0))
  }
})

for (const [mode, end] of [
  ["kernel", "none"],
  ["safe", "ENOMSG"]
] as const) {
  it(`quirk 7, ${mode}: the end of the data in pre-copy is ${end === "none" ? "a read of no bytes" : end}`, () => {
    const at = Vf.walkTo(Vf.opened({ mode }), "PRE_COPY")
    const all = Vf.read(at, 0, 4096)
    assert.strictEqual(Vf.errnoOf(Vf.read(all, 0, 1)), end)
    const p2p = Vf.walkTo(all, "PRE_COPY_P2P")
    assert.strictEqual(Vf.errnoOf(Vf.read(p2p, 0, 1)), end)
    const stopped = Vf.read(Vf.walkTo(p2p, "STOP_COPY"), 0, 4096)
    Vf.read(stopped, 0, 1).expectAnswer({ _tag: "Bytes", bytes: new Uint8Array(0) })
  })
}

it("quirk 8, kernel: after a drain timeout the banks before it stay drained until a whole suspend and resume, or a reset", () => {
  const failed = Vf.walk(kernel(), "RUNNING_P2P", { stuck: [2] })
  assert.include(failed.state, { migrationState: "RUNNING", stoppedBanks: 0b0011 })
  assert.isTrue(RegisterFile.isDrained(failed.state.registers, 1))
  const again = Vf.walk(failed, "RUNNING_P2P")
  assert.lengthOf(
    again.events.filter(({ _tag }) => _tag === "BankDrained"),
    4
  )
  const released = Vf.walkTo(again, "RUNNING")
  assert.strictEqual(released.state.stoppedBanks, 0)
  assert.isFalse(RegisterFile.isDrained(released.state.registers, 1))
})

it("quirk 8, safe: after a drain timeout the banks that this attempt had stopped run again", () => {
  const failed = Vf.walk(safe(), "RUNNING_P2P", { stuck: [2] })
  assert.include(failed.state, { migrationState: "RUNNING", stoppedBanks: 0 })
  assert.deepInclude(failed.events, { _tag: "BanksReleased", banks: 0b0011 })
  for (const bank of [0, 1, 2, 3]) assert.isFalse(RegisterFile.isDrained(failed.state.registers, bank))
  assert.notInclude(Vf.tags(Vf.walk(safe(), "RUNNING_P2P", { stuck: [0] }).events), "BanksReleased")
})

for (const mode of ["kernel", "safe"] as const) {
  it(`quirk 9, ${mode}: a load that fails keeps ${mode === "kernel" ? "what it had written until then" : "every register as it was"}`, () => {
    const before = resuming(Vf.opened({ mode, init: 0 }))
    const walked = Vf.walk(Vf.write(before, 0, refusedBlock()), "STOP")
    assert.strictEqual(code(walked), "mstate.bank.e_stat")
    const loaded = walked.events.find((event) => event._tag === "StateLoaded")
    assert.strictEqual(loaded?._tag === "StateLoaded" ? loaded.writes.length > 0 : undefined, mode === "kernel")
    const { compatVersion, init, registers } = walked.state
    assert.deepStrictEqual(
      { init, compatVersion },
      mode === "kernel" ? { init: 1, compatVersion: 4 } : { init: 0, compatVersion: 0 }
    )
    assert.strictEqual(RegisterFile.misc(registers, "VINTMSK"), mode === "kernel" ? 1 : 0)
    assert.strictEqual(walked.state.migrationState, "RESUMING")
  })
}

/** A VF whose bank 1 has a coalesced interrupt that may still come. `timer` is the control's value below bit 31. */
const coalescing = (mode: VfState.Mode, timer: number): Vf.At => {
  const registers = RegisterFile.reset()
  RegisterFile.pokeCsr(registers, 1, "INT_COL_CTL", (0x8000_0000 | timer) >>> 0)
  RegisterFile.pokeCsr(registers, 1, "INT_COL_EN", 2)
  return Vf.opened({ mode, registers, registerModel: "memory" })
}

const limits = (at: Vf.At): ReadonlyArray<number | null> =>
  Vf.walk(at, "RUNNING_P2P").events.flatMap((event) =>
    event._tag === "ArcWaits" && event.waiting._tag === "Coalescing" ? [event.waiting.limitMicros] : []
  )

it("quirk 10, kernel: a timer that comes to 0 waits for ever, and the cap, 1000 s instead of 1 s, caps nothing", () => {
  for (const timer of [0, 1, 0x0080_0000])
    assert.deepStrictEqual(limits(coalescing("kernel", timer)), [null], `${timer}`)
  assert.deepStrictEqual(limits(coalescing("kernel", 2)), [1])
  assert.deepStrictEqual(limits(coalescing("kernel", 0x007f_ffff)), [4_294_966])
})

it("quirk 10, safe: a timer that comes to 0 is no wait, and the longest wait is 1 s", () => {
  for (const timer of [0, 1, 0x0080_0000]) assert.deepStrictEqual(limits(coalescing("safe", timer)), [], `${timer}`)
  assert.deepStrictEqual(limits(coalescing("safe", 2)), [1])
  assert.deepStrictEqual(limits(coalescing("safe", 0x007f_ffff)), [1_000_000])
})

const close: VfCommand = { _tag: "Close" }

it("quirk 11, kernel: close frees the private data while the files still work, and ends the sessions then", () => {
  const closed = Vf.walkTo(kernel(), "PRE_COPY").when(close)
  assert.deepStrictEqual(Vf.tags(closed.events), ["PrivateDataFreed", "FileDisabled", "SessionsEnded", "Closed"])
})

it("quirk 11, safe: close ends the sessions first", () => {
  const closed = Vf.walkTo(safe(), "PRE_COPY").when(close)
  assert.deepStrictEqual(Vf.tags(closed.events), ["FileDisabled", "SessionsEnded", "PrivateDataFreed", "Closed"])
})

it("quirk 12, both modes: a file that outlives its driver answers ENODEV, where the driver touches freed memory", () => {
  for (const at of [kernel(), safe()]) {
    const gone = resuming(at).when(close).when({ _tag: "Remove" })
    assert.strictEqual(Vf.errnoOf(Vf.write(gone, 0, new Uint8Array(5000))), "ENODEV")
    const saving = Vf.walkTo(at, "PRE_COPY").when(close).when({ _tag: "Remove" })
    assert.strictEqual(Vf.errnoOf(Vf.read(saving, 0, 1)), "ENODEV")
  }
})

const logging = { _tag: "StartDmaLogging", pageSize: 4096n, ranges: [{ iova: 0n, length: 4096n }] } as const

it("quirk 13, kernel: the driver has no DMA logging", () => {
  for (const command of [logging, { _tag: "StopDmaLogging" }] as const) {
    assert.strictEqual(Vf.errnoOf(kernel({ registerModel: "device" }).when(command)), "ENOTTY")
  }
})

it("quirk 13, safe: an emulated device logs what it writes; other register models have nothing that writes", () => {
  const started = safe({ registerModel: "device" }).when(logging)
  assert.deepStrictEqual(started.state.device?.dirtyLog?.ranges, logging.ranges)
  assert.strictEqual(Vf.errnoOf(safe().when(logging)), "ENOTTY")
})

/** Places in `src` that decide by mode, and the quirks that they are about. */
const places: Readonly<Record<string, ReadonlyArray<number>>> = {
  "DmaLoggingTurn.ts": [13],
  "FileTurn.ts": [7],
  "Lifecycle.ts": [11],
  "MigrationOps.ts": [1, 4],
  "Session.ts": [2],
  "Suspend.ts": [10, 10, 8],
  "MigrationEvolve.ts": [8],
  "pci/QatVfioDevice.ts": [13]
}

it("no place in the sources depends on the mode but those of the table", () => {
  const folder = new URL("../src/", import.meta.url)
  const found: Record<string, number> = {}
  for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".ts")) continue
    const count = readFileSync(new URL(file, folder), "utf8").match(/mode === "(kernel|safe)"/g)?.length ?? 0
    if (count > 0) found[file] = count
  }
  assert.deepStrictEqual(
    found,
    Object.fromEntries(Object.entries(places).map(([file, quirks]) => [file, quirks.length]))
  )
})
