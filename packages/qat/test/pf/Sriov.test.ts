/** SR-IOV: all VFs or none, and every refusal of the kernel in its order. */
import { assert, it } from "@effect/vitest"
import { Pf } from "@stopcopy/qat"
import { given } from "@stopcopy/runtime/testing"
import { configure } from "../driver/hosts.ts"
import { emulated } from "./emulated.ts"

type SetVfs = Extract<Pf.PfCommand, { readonly _tag: "SetVfs" }>
const set = (vfs: number, changes: Partial<SetVfs> = {}): SetVfs => ({
  _tag: "SetVfs",
  vfs,
  iommu: true,
  users: [],
  memory: 0,
  ...changes
})
const up = (totalVfs = 16) => given(Pf.behavior).when(emulated({ device: { totalVfs, autoReset: false } }))
const restart: Pf.PfCommand = { _tag: "BeginRestart", cause: "reset" }
const codeOf = (done: ReturnType<ReturnType<typeof up>["when"]>) =>
  done.answer._tag === "Left" ? [done.answer.left._tag, done.answer.left.refusal?.code] : "done"

it("any number from 1 on enables all, 0 disables all", () => {
  for (const total of [1, 3, 16]) {
    for (const number of [1, total]) {
      const enabled = up(total).when(set(number)).expectEvents({ _tag: "VfsEnabled", vfs: total })
      assert.strictEqual(enabled.state.device?.vfs, total)
      const disabled = enabled.when(set(0)).expectEvents({ _tag: "VfsDisabled" })
      assert.strictEqual(disabled.state.device?.vfs, 0)
    }
  }
})

it("the number that is there is no change, even with everything against it", () => {
  const against = { iommu: false, users: ["VF 1"], memory: 12 }
  assert.isEmpty(up().when(set(0, against)).expectAnswer(undefined).events)
  assert.isEmpty(up().when(set(4)).when(set(16, against)).expectAnswer(undefined).events)
})

const enabling: ReadonlyArray<readonly [string, Partial<SetVfs> & { readonly vfs: number }, string, string]> = [
  ["no number of 16 bits", { vfs: -1 }, "EINVAL", "pf.vfs.number"],
  ["one of more than 16 bits", { vfs: 0x1_0000 }, "EINVAL", "pf.vfs.number"],
  ["more than the device has, before anything else", { vfs: 17, iommu: false }, "ERANGE", "pf.vfs.total"],
  ["no IOMMU, before users", { vfs: 1, iommu: false, users: ["VF 1"] }, "EINVAL", "pf.iommu"],
  ["users, before memory", { vfs: 1, users: ["crypto of the host"], memory: 12 }, "EBUSY", "pf.vfs.users"],
  ["no memory", { vfs: 1, memory: 12 }, "ENOMEM", "pf.vfs.memory"]
]

for (const [what, changes, name, code] of enabling) {
  it(`enabling is refused: ${what} is ${name}`, () => {
    const refused = up().when(set(changes.vfs, changes))
    assert.deepStrictEqual(codeOf(refused), [name, code])
    assert.strictEqual(refused.state.device?.vfs, 0)
    assert.deepStrictEqual(codeOf(refused.when(set(1))), "done")
  })
}

it("another number while VFs are enabled is EBUSY", () => {
  assert.deepStrictEqual(codeOf(up().when(set(16)).when(set(4))), ["EBUSY", "pf.vfs.enabled"])
})

it("while the device restarts both are EBUSY; of a device in use, that is told first when disabling", () => {
  assert.deepStrictEqual(
    codeOf(
      up()
        .when(restart)
        .when(set(1, { users: ["a"] }))
    ),
    ["EBUSY", "pf.restarting"]
  )
  const enabled = up().when(set(1))
  assert.deepStrictEqual(codeOf(enabled.when(restart).when(set(0))), ["EBUSY", "pf.restarting"])
  assert.deepStrictEqual(codeOf(enabled.when(restart).when(set(0, { users: ["a"] }))), ["EBUSY", "pf.vfs.users"])
})

it("disabling VFs in use is EBUSY and names their users", () => {
  const refused = up()
    .when(set(1))
    .when(set(0, { users: ["VF 0 (open)", "VF 3 (bound)"] }))
  assert.deepStrictEqual(codeOf(refused), ["EBUSY", "pf.vfs.users"])
  const failure = refused.answer._tag === "Left" ? refused.answer.left.refusal : undefined
  assert.strictEqual(failure?.source, "VF 0 (open), VF 3 (bound)")
  assert.strictEqual(refused.state.device?.vfs, 16)
})

it("a PF that nobody has configured is EFAULT, one of capabilities alone EINVAL", () => {
  assert.deepStrictEqual(codeOf(given(Pf.behavior).when(set(1))), ["EFAULT", "pf.bound"])
  assert.deepStrictEqual(codeOf(given(Pf.behavior).when(configure()).when(set(1))), ["EINVAL", "pf.device"])
})

it("the total can be another only while no VF is enabled; a configuration keeps the rest", () => {
  const enabled = up(4).when(set(1))
  const other = emulated({ device: { totalVfs: 8, autoReset: true } })
  assert.deepStrictEqual(codeOf(enabled.when(other)), ["EBUSY", "pf.vfs.total.fixed"])
  const same = enabled.when(emulated({ device: { totalVfs: 4, autoReset: true } }))
  assert.deepInclude(same.state.device, { vfs: 4, autoReset: true })
  const plain = enabled.when(configure({ slas: [], svcmap: 0x6db }))
  assert.strictEqual(plain.state.device?.vfs, 4)
  assert.strictEqual(enabled.when(set(0)).when(other).state.device?.totalVfs, 8)
})
