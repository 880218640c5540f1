/** What events change: by their stream and type. */
import { assert, it } from "@effect/vitest"
import { touches } from "../../src/live/touches.ts"

it("events of the fleet change what they are about, those of migrations the lists, and others nothing", () => {
  assert.includeMembers([...touches({ stream: "fleet/main", type: "Cordoned" })], ["hosts", "pfs", "compatibility"])
  assert.includeMembers(
    [...touches({ stream: "fleet/main", type: "MigrationQueued" })],
    ["migrations", "vfs", "summary"]
  )
  assert.deepStrictEqual(touches({ stream: "fleet/main", type: "DeviceNoted" }), ["compatibility"])
  assert.deepStrictEqual(touches({ stream: "migration/m-1.2", type: "StepDone" }), ["migrations", "summary"])
  assert.deepStrictEqual(touches({ stream: "request/abc", type: "Answered" }), [])
  assert.deepStrictEqual(touches({ stream: "fleet/main", type: "toString" }), [])
})
