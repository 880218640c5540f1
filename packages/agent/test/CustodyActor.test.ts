/** Custody of a device in its journal: what is new is an event, what stands so already is none. */
import { assert, it } from "@effect/vitest"
import { CustodyActor } from "@stopcopy/agent"
import { given } from "@stopcopy/runtime/testing"

/** What keeping leads to, after these events. */
const keeping = (taken: boolean, ...before: ReadonlyArray<CustodyActor.CustodyEvent>) => {
  const { events, state } = given(CustodyActor.behavior, before).when({ _tag: "KeepCustody", taken })
  return { events, state }
}

const kept = (taken: boolean) => ({ _tag: "CustodyKept", taken }) as const

it("what changes is kept, the same again changes nothing", () => {
  assert.deepStrictEqual(keeping(true), { events: [kept(true)], state: { taken: true } })
  assert.deepStrictEqual(keeping(true, kept(true)), { events: [], state: { taken: true } })
  assert.deepStrictEqual(keeping(false, kept(true)), { events: [kept(false)], state: { taken: false } })
})

it("nobody has a device at first, and that is no event", () => {
  assert.deepStrictEqual(keeping(false), { events: [], state: { taken: false } })
})
