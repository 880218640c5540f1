/** The rule for failures. */
import { assert, it } from "@effect/vitest"
import { failureOf } from "@stopcopy/debugger"

it("is the type, a named failure, or an errno above 0", () => {
  const cases = [
    ["Refused", {}, { name: "Refused", errno: null }],
    ["OpenFailed", { failure: { name: "EBUSY", errno: 16 } }, { name: "EBUSY", errno: 16 }],
    ["DrainTimedOut", { bank: 1 }, { name: "DrainTimedOut", errno: null }],
    ["ErrorNotified", {}, { name: "ErrorNotified", errno: null }],
    ["ActorStopped", { reason: "x" }, { name: "ActorStopped", errno: null }],
    ["OperationEnded", { failure: { name: "EIO", errno: 5 } }, { name: "EIO", errno: 5 }],
    ["DrainEnded", { errno: 5 }, { name: "DrainEnded", errno: 5 }],
    ["OperationEnded", { failure: null }, undefined],
    ["DrainEnded", { errno: 0 }, undefined],
    ["Opened", { failure: "none" }, undefined],
    ["RefusedNot", null, undefined]
  ] as const
  for (const [type, json, failure] of cases) assert.deepStrictEqual(failureOf(type, json), failure)
})
