/** The picture of the state machine, and the way of a device through it. */
import { assert, it } from "@effect/vitest"
import { pathOf } from "../../src/devices/path.ts"
import { arcs, isTaken, lineOf, picture, stateNames, states } from "../../src/devices/states.ts"

const steps = (...names: ReadonlyArray<string>) => ({
  steps: names.map((step) => ({ step, beganAt: 0, endedAt: 0, bytes: 0 }))
})

const whole = [
  "inspect",
  "clear",
  "empty",
  "claim",
  "take",
  "receive",
  "precopy",
  "setup",
  "judge",
  "drain",
  "stop",
  "transfer",
  "load",
  "verify",
  "vote",
  "commit",
  "fence",
  "adopt",
  "wake",
  "run",
  "retire"
]

it("a migration that completes leads both devices along arcs that the picture has", () => {
  const source = pathOf(steps(...whole), "source")
  const destination = pathOf(steps(...whole), "destination")
  assert.deepStrictEqual(source, ["RUNNING", "PRE_COPY", "PRE_COPY_P2P", "STOP_COPY", "STOP"])
  assert.deepStrictEqual(destination, ["STOP", "RESUMING", "STOP", "RUNNING_P2P", "RUNNING"])
  for (const path of [source, destination]) {
    for (const [index, to] of path.slice(1).entries()) {
      const from = path[index]
      const arc = arcs.find(
        (one) => (one.from === from && one.to === to) || (one.both && one.to === from && one.from === to)
      )
      assert.isDefined(arc, `${from} to ${to}`)
    }
  }
  assert.isTrue(isTaken(source, "PRE_COPY_P2P", "STOP_COPY"))
  assert.isFalse(isTaken(source, "RUNNING", "RUNNING_P2P"))
})

it("a migration that goes back leads the source to RUNNING again", () => {
  assert.deepStrictEqual(pathOf(steps("receive", "precopy", "drain", "settle", "resume", "free"), "source"), [
    "RUNNING",
    "PRE_COPY",
    "PRE_COPY_P2P",
    "RUNNING_P2P",
    "RUNNING"
  ])
})

it("every state is inside the picture, and no line begins where it ends", () => {
  for (const name of stateNames) {
    const { x, y } = states[name]
    assert.isTrue(x > 0 && x < picture.width && y > 0 && y < picture.height, name)
  }
  for (const { from, to } of arcs) {
    const { x1, x2, y1, y2 } = lineOf(from, to)
    assert.isAbove(Math.abs(x1 - x2) + Math.abs(y1 - y2), 10)
  }
})
