/** A change of one device, taken from its event. */
import { assert, it } from "@effect/vitest"
import type { Event, Vf } from "@stopcopy/coordinator-api"
import { deviceChangeOf, withChange } from "../../src/live/deviceChange.ts"

const vf = (host: string, name: string): Vf => ({
  host,
  pf: "pf0",
  name,
  vfNumber: 0,
  socketPath: "a.sock",
  deviceType: "qat-gen4",
  deviceId: 0x4941,
  mode: "safe",
  migrationFlags: 7,
  state: "RUNNING",
  lifecycle: "open",
  attached: false,
  epoch: 0,
  standing: "held",
  digest: null,
  group: "web",
  migration: "m-1"
})

const noted = (payload: unknown, type = "DeviceNoted"): Event => ({
  sequence: 1,
  stream: "fleet/main",
  type,
  time: 0,
  correlation: "",
  causation: null,
  payload
})

const change = {
  name: "pf0/vf0",
  state: "STOP_COPY",
  lifecycle: "open",
  attached: true,
  epoch: 3,
  standing: "held",
  digest: null
}

it("the device is as the event says, and the others are as they were", () => {
  const told = deviceChangeOf(noted({ _tag: "DeviceNoted", host: "beta", change }))
  assert.isDefined(told)
  const before = [vf("alpha", "pf0/vf0"), vf("beta", "pf0/vf0")]
  const after = withChange(before, told)
  assert.strictEqual(after[0], before[0])
  const { attached, epoch, group, migration, state } = after[1] ?? vf("", "")
  assert.deepStrictEqual([state, attached, epoch, group, migration], ["STOP_COPY", true, 3, "web", "m-1"])
  assert.strictEqual(withChange([vf("alpha", "pf0/vf9")], told).length, 1)
})

it("another event, or one that is not understood, is no change", () => {
  assert.isUndefined(deviceChangeOf(noted({ host: "beta", change }, "HostDescribed")))
  assert.isUndefined(deviceChangeOf(noted({ host: "beta", change: { ...change, state: "DANCING" } })))
  assert.isUndefined(deviceChangeOf(noted(null)))
})
