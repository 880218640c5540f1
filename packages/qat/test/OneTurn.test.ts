/** A walk for which nothing has to be waited for is one turn: it begins with what is known of banks and mailbox, and ends where turn by turn it would. */
import { assert, describe, it } from "@effect/vitest"
import type { MigrationState } from "@stopcopy/vfio"
import { MigrationStates } from "@stopcopy/vfio"
import type { VfEvent } from "@stopcopy/qat"
import * as Vf from "./driver/vf.ts"

const setState = (to: MigrationState, known: { readonly idle?: number; readonly mailbox?: "free" } = {}) => ({
  _tag: "SetState" as const,
  requested: MigrationStates.toNumber(to),
  ...Vf.surroundings(),
  ...known
})

const known = { idle: 3, mailbox: "free" } as const

const opened = (p2p: boolean, ...past: ReadonlyArray<VfEvent>) => Vf.opened({ registerModel: "device", p2p }, ...past)

const typesOf = (events: ReadonlyArray<VfEvent>): ReadonlyArray<string> => events.map(({ _tag }) => _tag)

const executed: VfEvent = {
  _tag: "RequestsExecuted",
  bank: 1,
  generation: 0,
  from: 0,
  head: 128,
  tail: 32,
  count: 1,
  outcomes: ""
}

describe.each([true, false])("with the P2P states: %s", (p2p) => {
  it.each(["STOP", "STOP_COPY", "RESUMING"] as const)(
    "RUNNING to %s ends in the state that turn by turn gives",
    (to) => {
      const together = opened(p2p).when(setState(to, known))
      const one = Vf.walk(opened(p2p), to)
      assert.isNull(together.state.operation)
      assert.strictEqual(together.state.migrationState, to)
      assert.deepStrictEqual(together.state, one.state)
      assert.notInclude(typesOf(together.events), "ArcWaits")
      assert.notInclude(typesOf(together.events), "MailboxLockTaken")
    }
  )

  it("PRE_COPY to STOP_COPY does, too", () => {
    const started = Vf.walk(opened(p2p), "PRE_COPY")
    assert.deepStrictEqual(
      started.when(setState("STOP_COPY", known)).state,
      Vf.walk(Vf.walk(opened(p2p), "PRE_COPY"), "STOP_COPY").state
    )
  })
})

it("a bank with responses to place is waited for, whatever was known", () => {
  const begun = opened(true, executed).when(setState("STOP_COPY", known))
  assert.deepStrictEqual(begun.state.operation?.waiting, { _tag: "Drain", bank: 1 })
  assert.deepStrictEqual(typesOf(begun.events), ["OperationStarted", "BankDrained", "ArcWaits"])
})

it("a lock that is not known to be free is waited for, once the banks are stopped", () => {
  const begun = opened(true).when(setState("STOP_COPY", { idle: 3 }))
  assert.deepStrictEqual(begun.state.operation?.waiting, { _tag: "MailboxLock" })
  assert.strictEqual(begun.state.migrationState, "STOP")
})

it("a save that is refused for its file takes no lock and opens nothing", () => {
  const begun = opened(true).when({ ...setState("STOP_COPY", known), fileCreation: 12 })
  assert.strictEqual(begun.state.migrationState, "STOP")
  assert.strictEqual(begun.state.ended?.failure?.errno, 12)
  assert.notInclude(typesOf(begun.events), "StateSaved")
})
