/** The precopy info struct and the checks of its ioctl. */
import { assert, it } from "@effect/vitest"
import { assertRight } from "@effect/vitest/utils"
import { Ioctl, MigrationStates, PrecopyInfo } from "@stopcopy/vfio"
import { Either } from "effect"
import { assertLayout } from "./layout.ts"

const ones32 = 0xffff_ffff
const ones64 = 0xffff_ffff_ffff_ffffn
const info: PrecopyInfo.PrecopyInfo = { argsz: 24, flags: 7, initialBytes: 90n, dirtyBytes: 0n }
const request: PrecopyInfo.Request = {
  command: Ioctl.MIG_GET_PRECOPY_INFO,
  argument: PrecopyInfo.encode(info),
  state: "PRE_COPY",
  alive: true
}

const answer = (changes: Partial<PrecopyInfo.Request>): string =>
  Either.match(PrecopyInfo.check({ ...request, ...changes }), {
    onLeft: (error) => `${error._tag} ${error.refusal?.code}`,
    onRight: () => "accepted"
  })

const withArgsz = (argsz: number): Uint8Array => PrecopyInfo.encode({ ...info, argsz })

it("the struct has the uAPI's layout", () => {
  assertLayout({ argsz: 0, flags: 0, initialBytes: 0n, dirtyBytes: 0n }, PrecopyInfo.encode, PrecopyInfo.byteLength, [
    ["argsz", 0, 4, { argsz: ones32 }],
    ["flags", 4, 4, { flags: ones32 }],
    ["initialBytes", 8, 8, { initialBytes: ones64 }],
    ["dirtyBytes", 16, 8, { dirtyBytes: ones64 }]
  ])
  assert.strictEqual(PrecopyInfo.byteLength, 24)
})

it("fields are little endian", () => {
  const bytes = PrecopyInfo.encode({ argsz: 0x01020304, flags: 0, initialBytes: 0x0102030405060708n, dirtyBytes: 0n })
  assert.deepStrictEqual([...bytes.subarray(0, 16)], [4, 3, 2, 1, 0, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1])
})

it.prop("decode inverts encode", [PrecopyInfo.PrecopyInfo], ([any]) => {
  const value = { ...any, argsz: Math.max(any.argsz, 24) }
  assertRight(PrecopyInfo.decode(PrecopyInfo.encode(value)), value)
})

it("bytes are read where the view begins, and what follows is ignored", () => {
  const memory = new Uint8Array(64).fill(0xee)
  memory.set(PrecopyInfo.encode(info), 5)
  assert.deepStrictEqual(Either.getOrThrow(PrecopyInfo.decode(memory.subarray(5))), info)
})

it("every check has its errno and its code", () => {
  assert.strictEqual(answer({}), "accepted")
  assert.strictEqual(answer({ state: "PRE_COPY_P2P" }), "accepted")
  assert.strictEqual(answer({ argument: withArgsz(25) }), "accepted")
  assert.strictEqual(answer({ command: 0x3b7a }), "ENOTTY vfio.precopy.command")
  assert.strictEqual(answer({ argument: request.argument.subarray(0, 23) }), "EFAULT vfio.buffer.short")
  assert.strictEqual(answer({ argument: withArgsz(23) }), "EINVAL vfio.precopy.argsz")
  assert.strictEqual(answer({ alive: false }), "ENODEV vfio.precopy.dead")
})

it("outside pre-copy no state gives an answer", () => {
  for (const state of MigrationStates.all.filter((state) => !MigrationStates.isPreCopy(state))) {
    assert.strictEqual(answer({ state }), "EINVAL vfio.precopy.state", state)
  }
})

it("checks come in their order: command, memory, argsz, state, session", () => {
  const empty = new Uint8Array(0)
  assert.strictEqual(
    answer({ command: 0, argument: empty, state: "STOP", alive: false }),
    "ENOTTY vfio.precopy.command"
  )
  assert.strictEqual(answer({ argument: empty, state: "STOP", alive: false }), "EFAULT vfio.buffer.short")
  assert.strictEqual(answer({ argument: withArgsz(0), state: "STOP", alive: false }), "EINVAL vfio.precopy.argsz")
  assert.strictEqual(answer({ state: "STOP", alive: false }), "EINVAL vfio.precopy.state")
})

it("an accepted request gives the caller's argsz and flags to echo", () => {
  assert.deepStrictEqual(Either.getOrThrow(PrecopyInfo.check(request)), info)
})
