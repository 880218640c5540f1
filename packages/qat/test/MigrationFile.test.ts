/**
 * The exact order of a migration file's checks. Each table lists the checks in their order with a command that breaks that
 * one; a command that breaks several is answered by the first.
 */
import { assert, it } from "@effect/vitest"
import { MigrationFile } from "@stopcopy/qat"
import { Ioctl, PrecopyInfo } from "@stopcopy/vfio"
import { given } from "@stopcopy/runtime/testing"
import * as Vf from "./driver/vf.ts"

type State = MigrationFile.MigrationFile
type Event = MigrationFile.Event

const opened = (kind: State["kind"], filledSize = 0): Event => ({ _tag: "FileOpened", file: 0, kind, filledSize })
const forced = (position: number): Event => ({ _tag: "FilePositionForced", file: 0, position })
const disabled: Event = { _tag: "FileDisabled", file: 0 }
const closed: Event = { _tag: "FileClosed", file: 0 }

/** One check: what breaks it in the file's past, in the command, or both. */
interface Check<Command> {
  readonly errno: string
  readonly kind?: State["kind"]
  readonly past?: ReadonlyArray<Event>
  readonly command?: Partial<Command>
}

type Read = Extract<MigrationFile.Command, { readonly _tag: "Read" }>
type Write = Extract<MigrationFile.Command, { readonly _tag: "Write" }>
type Ask = Extract<MigrationFile.Command, { readonly _tag: "Ioctl" }>

const read: Read = { _tag: "Read", file: 0, length: 10n, positioned: false, faulting: false, endIsNoMessage: false }
const write: Write = { _tag: "Write", file: 0, length: 10n, positioned: false, faulting: false }
const argument = PrecopyInfo.encode({ argsz: 24, flags: 0, initialBytes: 0n, dirtyBytes: 0n })
const ioctl: Ask = {
  _tag: "Ioctl",
  file: 0,
  command: Ioctl.MIG_GET_PRECOPY_INFO,
  argument,
  state: "PRE_COPY",
  setupSize: 90
}

const reads: ReadonlyArray<Check<Read>> = [
  { errno: "EBADF", past: [closed] },
  { errno: "EBADF", kind: "resuming" },
  { errno: "ESPIPE", command: { positioned: true } },
  { errno: "EINVAL", past: [forced(91)] },
  { errno: "ENODEV", past: [disabled] },
  { errno: "EFAULT", command: { faulting: true } }
]

const writes: ReadonlyArray<Check<Write>> = [
  { errno: "EBADF", past: [closed] },
  { errno: "EBADF", kind: "saving" },
  { errno: "ESPIPE", command: { positioned: true } },
  { errno: "EOVERFLOW", past: [forced(-1)] },
  { errno: "EOVERFLOW", command: { length: 0x7fff_ffff_ffff_ffffn }, past: [forced(1)] },
  { errno: "ENOMEM", command: { length: 4097n } },
  { errno: "ENODEV", past: [disabled] },
  { errno: "EFAULT", command: { faulting: true } }
]

const ioctls: ReadonlyArray<Check<Ask>> = [
  { errno: "EBADF", past: [closed] },
  { errno: "ENOTTY", kind: "resuming" },
  { errno: "ENOTTY", command: { command: Ioctl.MIG_GET_PRECOPY_INFO + 1 } },
  { errno: "EFAULT", command: { argument: new Uint8Array(23) } },
  {
    errno: "EINVAL",
    command: { argument: PrecopyInfo.encode({ argsz: 23, flags: 0, initialBytes: 0n, dirtyBytes: 0n }) }
  },
  { errno: "EINVAL", command: { state: "RUNNING" } },
  { errno: "ENODEV", past: [disabled] },
  { errno: "EINVAL", past: [forced(91)] }
]

const run = <Command extends MigrationFile.Command>(
  kind: State["kind"],
  base: Command,
  checks: ReadonlyArray<Check<Command>>
) => {
  const past = checks.flatMap((check) => [...(check.past ?? [])])
  // Disabling resets the position: a position is forced after it.
  const ordered = [
    ...past.filter((event) => event._tag !== "FilePositionForced"),
    ...past.filter((event) => event._tag === "FilePositionForced")
  ]
  const made = checks.map((check) => check.kind).find((other) => other !== undefined) ?? kind
  const command = checks.toReversed().reduce<Command>((all, check) => ({ ...all, ...check.command }), base)
  return given(MigrationFile.behavior, [opened(made, made === "saving" ? 90 : 0), ...ordered]).when(command)
}

const table = <Command extends MigrationFile.Command>(
  name: string,
  kind: State["kind"],
  base: Command,
  checks: ReadonlyArray<Check<Command>>
) => {
  it(`${name}: each check by itself gives its errno and moves nothing`, () => {
    for (const check of checks) {
      const outcome = run(kind, base, [check])
      assert.strictEqual(outcome.answer._tag === "Left" ? outcome.answer.left._tag : "none", check.errno)
      assert.deepStrictEqual(
        outcome.events.map(({ _tag }) => _tag),
        ["FileRefused"]
      )
      assert.strictEqual(
        outcome.state.position,
        (check.past ?? []).reduce((at, event) => (event._tag === "FilePositionForced" ? event.position : at), 0)
      )
    }
  })
  it(`${name}: of any two checks that fail the earlier one answers`, () => {
    for (const [index, first] of checks.entries()) {
      for (const second of checks.slice(index + 1)) {
        const outcome = run(kind, base, [first, second])
        assert.strictEqual(
          outcome.answer._tag === "Left" ? outcome.answer.left._tag : "none",
          first.errno,
          `${first.errno} before ${second.errno}`
        )
      }
    }
  })
}

table("read", "saving", read, reads)
table("write", "resuming", write, writes)
table("ioctl", "saving", ioctl, ioctls)

const saving = (...past: ReadonlyArray<Event>) => given(MigrationFile.behavior, [opened("saving", 90), ...past])
const resuming = (...past: ReadonlyArray<Event>) => given(MigrationFile.behavior, [opened("resuming"), ...past])

it("a read gives what there is up to its length and moves the position", () => {
  const first = saving()
    .when({ ...read, length: 60n })
    .expectAnswer({ _tag: "Range", offset: 0, length: 60 })
  const second = first
    .when({ ...read, length: 0xffff_ffff_ffff_ffffn })
    .expectAnswer({ _tag: "Range", offset: 60, length: 30 })
  const end = second.when(read).expectAnswer({ _tag: "Range", offset: 90, length: 0 })
  assert.strictEqual(end.state.position, 90)
})

it("a read of nothing touches no memory, at the end and before it", () => {
  saving()
    .when({ ...read, length: 0n, faulting: true })
    .expectAnswer({ _tag: "Range", offset: 0, length: 0 })
  const end = saving(forced(90)).when({ ...read, faulting: true })
  end.expectAnswer({ _tag: "Range", offset: 90, length: 0 })
  assert.strictEqual(end.state.position, 90)
})

it("ENOMSG is for a read of at least one byte at the end of the pre-copy data", () => {
  const end = saving(forced(90))
  const refused = end.when({ ...read, endIsNoMessage: true }).expectRefusal({ _tag: "ENOMSG" })
  assert.deepStrictEqual(refused.state, end.state)
  end.when({ ...read, endIsNoMessage: true, faulting: true }).expectRefusal({ _tag: "ENOMSG" })
  end.when({ ...read, endIsNoMessage: true, length: 0n }).expectAnswer({ _tag: "Range", offset: 90, length: 0 })
  saving()
    .when({ ...read, endIsNoMessage: true })
    .expectAnswer({ _tag: "Range", offset: 0, length: 10 })
  saving(disabled)
    .when({ ...read, endIsNoMessage: true })
    .expectRefusal({ _tag: "ENODEV" })
})

it("a write is taken whole or not at all, to the last byte of the block", () => {
  const full = resuming()
    .when({ ...write, length: 4096n })
    .expectAnswer({ _tag: "Range", offset: 0, length: 4096 })
  assert.include(full.state, { position: 4096, filledSize: 4096 })
  full.when({ ...write, length: 1n }).expectRefusal({ _tag: "ENOMEM" })
  full.when({ ...write, length: 0n, faulting: true }).expectAnswer({ _tag: "Range", offset: 4096, length: 0 })
  resuming(forced(1))
    .when({ ...write, length: 4096n })
    .expectRefusal({ _tag: "ENOMEM" })
})

it("the largest offset is ENOMEM, one more is EOVERFLOW, also for 64-bit lengths", () => {
  const largest = resuming().when({ ...write, length: 0x7fff_ffff_ffff_ffffn })
  largest.expectRefusal({ _tag: "ENOMEM" })
  assert.strictEqual(largest.state.position, 0)
  resuming()
    .when({ ...write, length: 0x8000_0000_0000_0000n })
    .expectRefusal({ _tag: "EOVERFLOW" })
  resuming()
    .when({ ...write, length: 0xffff_ffff_ffff_ffffn })
    .expectRefusal({ _tag: "EOVERFLOW" })
})

it("precopy info counts the setup part that is still to be read and echoes argsz and flags", () => {
  const asked = PrecopyInfo.encode({ argsz: 40, flags: 5, initialBytes: 7n, dirtyBytes: 7n })
  const given = saving(forced(30)).when({ ...ioctl, argument: asked })
  given.expectAnswer({
    _tag: "Bytes",
    bytes: PrecopyInfo.encode({ argsz: 40, flags: 5, initialBytes: 60n, dirtyBytes: 0n })
  })
  given.expectEvents({ _tag: "PrecopyInfoGiven", file: 0, initialBytes: 60n })
  assert.strictEqual(given.state.position, 30)
})

it("a negative position, which no user can reach, wraps in precopy info as in the driver", () => {
  const refused = saving(forced(-1)).when(read).expectRefusal({ _tag: "EINVAL" })
  assert.strictEqual(refused.state.position, -1)
  saving(forced(-1))
    .when({ ...ioctl, setupSize: 0 })
    .expectEvents({ _tag: "PrecopyInfoGiven", file: 0, initialBytes: 1n })
})

it("closing or disabling twice is one event, and a disabled file stands at 0", () => {
  const once = saving(forced(5)).when({ _tag: "Disable", file: 0 }).expectEvents(disabled)
  assert.include(once.state, { position: 0, filledSize: 0 })
  once.when({ _tag: "Disable", file: 0 }).expectEvents()
  const shut = once.when({ _tag: "Close", file: 0 }).expectEvents(closed)
  shut.when({ _tag: "Close", file: 0 }).expectEvents()
})

it("between the layers EAGAIN is swallowed byte by byte until the setup part is whole, then it is judged once", () => {
  const stream = Vf.streamOf(Vf.opened())
  let at: Vf.At = Vf.walkTo(Vf.opened(), "RESUMING")
  const judged: Array<number> = []
  for (const [index, byte] of stream.subarray(0, 100).entries()) {
    const written = Vf.write(at, 0, Uint8Array.of(byte)).expectAnswer({ _tag: "Count", count: 1 })
    if (written.events.some(({ _tag }) => _tag === "SetupJudged")) judged.push(index)
    at = written
  }
  assert.deepStrictEqual(judged, [89])
  assert.strictEqual(at.state.remoteSetupSize, 90)
})

it("bytes that are refused by the judgement are taken all the same", () => {
  const stream = Vf.streamOf(Vf.opened())
  const at = Vf.walkTo(Vf.opened(), "RESUMING")
  const refused = Vf.write(at, 0, stream, { pf: { svcmap: 1 } }).expectRefusal({ _tag: "EINVAL" })
  assert.deepStrictEqual(
    Vf.tags(refused.events).filter((tag) => tag !== "RemoteSetupSized"),
    ["FileWritten", "BlockReceived", "SetupJudged", "FileRefused"]
  )
  assert.include(refused.state.files["0"], { position: 4096, filledSize: 4096 })
  assert.deepStrictEqual(refused.state.block, stream)
})

it("a write from inaccessible memory zeroes the bytes it would have filled and moves nothing", () => {
  const at = Vf.write(Vf.walkTo(Vf.opened(), "RESUMING"), 0, new Uint8Array(20).fill(7))
  const filled = Vf.write(at, 0, new Uint8Array(20).fill(9)).when({ _tag: "ForceFilePosition", file: 0, position: 10 })
  const faulted = Vf.write(filled, 0, new Uint8Array(20).fill(5), { faulting: true }).expectRefusal({ _tag: "EFAULT" })
  assert.deepStrictEqual(Vf.tags(faulted.events), ["FileRefused", "BlockWiped"])
  assert.include(faulted.state.files["0"], { position: 10, filledSize: 40 })
  const expected = [...Array(10).fill(7), ...Array(20).fill(0), ...Array(10).fill(9)]
  assert.deepStrictEqual([...faulted.state.block.subarray(0, 40)], expected)
})

it("a negative length is EINVAL and moves nothing", () => {
  const saving = Vf.walkTo(Vf.opened(), "PRE_COPY")
  const access = { file: 0, positioned: false, faulting: false }
  const read = saving.when({ _tag: "ReadFile", ...access, length: -60n }).expectRefusal({ _tag: "EINVAL" })
  assert.include(read.state.files["0"], { position: 0 })
  const resuming = Vf.write(Vf.walkTo(Vf.opened(), "RESUMING"), 0, new Uint8Array(9))
  const pf = Vf.surroundings().pf
  const bytes = new Uint8Array(0)
  const written = resuming
    .when({ _tag: "WriteFile", ...access, length: -1n, bytes, pf })
    .expectRefusal({ _tag: "EINVAL" })
  assert.include(written.state.files["0"], { position: 9, filledSize: 9 })
})

it("a file number that was never given is a closed descriptor", () => {
  const at = Vf.opened()
  assert.strictEqual(Vf.errnoOf(Vf.read(at, 9, 1)), "EBADF")
  assert.strictEqual(Vf.errnoOf(Vf.write(at, 9, new Uint8Array(1))), "EBADF")
  const refused = at.when({ _tag: "CloseFile", file: 9 }).expectRefusal({ _tag: "EBADF" })
  assert.deepStrictEqual(Vf.tags(refused.events), ["Refused"], "no stream is made for it")
  assert.include(refused.state, { nextFile: 0 })
})

it("a file whose session is over is EINVAL to precopy info, and ENODEV while another pre-copy session runs", () => {
  const first = Vf.walkTo(Vf.opened(), "PRE_COPY")
  const dead = Vf.walkTo(first, "RUNNING")
  const ask = { _tag: "IoctlFile", file: 0, command: Ioctl.MIG_GET_PRECOPY_INFO, argument } as const
  assert.strictEqual(Vf.errnoOf(dead.when(ask)), "EINVAL")
  Vf.walkTo(dead, "PRE_COPY").when(ask).expectRefusal({ _tag: "ENODEV" })
})
