/** Heartbeats: who hangs and who does not, how often one may ask, what is counted, and an injected error. */
import { assert, it } from "@effect/vitest"
import { Pf } from "@stopcopy/qat"
import { given } from "@stopcopy/runtime/testing"
import { configure } from "../driver/hosts.ts"
import { emulated } from "./emulated.ts"

type Asked = ReturnType<ReturnType<typeof up>["when"]>
const up = () => given(Pf.behavior).when(emulated())
type Working = ReadonlyArray<{ readonly pair: number; readonly progress: number }>
const beat = (at: Asked, millis: number, working: Working = [], unplaced = false): Asked =>
  at.when({ _tag: "CheckHeartbeat", at: millis, working: working.map((each) => ({ ...each, unplaced })) })
const heartbeat = ({ state }: Asked) => state.device?.heartbeat

/** Heartbeats 200 ms apart with these progresses of ring pair 5. */
const beats = (from: Asked, ...progress: ReadonlyArray<number>): Asked =>
  progress.reduce((at, each, index) => beat(at, 1_000 + 200 * index, [{ pair: 5, progress: each }]), from)

it("a device without work is alive, however often it is asked", () => {
  let at: Asked = up()
  for (let check = 0; check < 6; check++) at = beat(at, 1_000 + 200 * check)
  assert.deepInclude(heartbeat(at), { sent: 6, failed: 0, alive: true, checkedAt: 2_000, beats: [] })
})

it("a ring pair that gets on is alive; one that stands still three heartbeats long is not", () => {
  assert.strictEqual(heartbeat(beats(up(), 1, 2, 3, 4, 5))?.alive, true)
  assert.strictEqual(heartbeat(beats(up(), 7, 7, 7))?.alive, true)
  const hung = beats(up(), 7, 7, 7, 7)
  assert.deepInclude(heartbeat(hung), { sent: 4, failed: 1, alive: false, fatalAt: 1_600 })
  assert.strictEqual(heartbeat(beats(up(), 7, 7, 7, 8, 8, 8))?.alive, true, "progress begins the count anew")
})

it("a ring pair whose work came to an end in between begins anew", () => {
  const idle = beat(beats(up(), 7, 7, 7), 2_000)
  assert.isEmpty(heartbeat(idle)?.beats)
  assert.strictEqual(heartbeat(beat(idle, 2_200, [{ pair: 5, progress: 7 }]))?.alive, true)
})

it("one ring pair that hangs among others that do not is enough", () => {
  let at: Asked = up()
  for (let check = 0; check < 4; check++) {
    at = beat(at, 1_000 + 200 * check, [
      { pair: 0, progress: check },
      { pair: 9, progress: 3 }
    ])
  }
  assert.strictEqual(heartbeat(at)?.alive, false)
})

it("requests that wait under an SLA do not hang, responses that are not placed do", () => {
  for (const pir of [0, 1]) {
    const limited = up().when({ _tag: "AddSla", sla: { service: 1, ringPairMask: 0x20n, cir: 0, pir } })
    assert.strictEqual(heartbeat(beats(limited, 7, 7, 7, 7, 7))?.alive, true)
    let at: Asked = limited
    for (let check = 0; check < 4; check++) at = beat(at, 1_000 + 200 * check, [{ pair: 5, progress: 7 }], true)
    assert.strictEqual(heartbeat(at)?.alive, false)
  }
})

it("less than 200 ms after the last it is EINVAL, and leaves no trace", () => {
  const once = beat(up(), 1_000)
  const early = beat(once, 1_199).expectRefusal({ _tag: "EINVAL" })
  assert.deepStrictEqual([early.events.length, heartbeat(early)?.sent], [0, 1])
  assert.strictEqual(heartbeat(beat(early, 1_200))?.sent, 2)
})

it("the VFs are told of a fatal error at most every 5 s", () => {
  const told = (at: Asked) => at.events.some(({ _tag }) => _tag === "FatalErrorFound")
  const hung = beats(up(), 7, 7, 7, 7)
  assert.isTrue(told(hung))
  const stuck = [{ pair: 5, progress: 7 }]
  const again = beat(hung, 6_599, stuck)
  assert.isFalse(told(again))
  assert.strictEqual(heartbeat(again)?.failed, 2)
  assert.isTrue(told(beat(again, 6_800, stuck)))
})

it("an injected error fails the third heartbeat, which may come at once, until the device has restarted", () => {
  const injected = beat(up(), 1_000).when({ _tag: "InjectHeartbeatError", pair: 12 })
  const third = beat(beat(beat(injected, 1_001), 1_002), 1_003)
  assert.deepInclude(heartbeat(third), { alive: false, failed: 1, sent: 4 })
  const restarted = third.when({ _tag: "BeginRestart", cause: "reset" }).when({ _tag: "EndRestart" })
  assert.deepInclude(heartbeat(restarted), { injected: null, beats: [] })
  assert.strictEqual(heartbeat(beat(restarted, 2_000))?.alive, true)
})

it("while the device restarts nothing is counted", () => {
  const restarting = up().when({ _tag: "BeginRestart", cause: "error" })
  const asked = beat(restarting, 1_000).expectEvents()
  assert.strictEqual(heartbeat(asked)?.sent, 0)
  const lost = up().when({ _tag: "LoseDevice" })
  assert.strictEqual(heartbeat(beat(lost, 1_000).expectEvents())?.sent, 0)
})

it("a restart begins once, ends once, and does not begin for a device that is lost until that is configured anew", () => {
  const restart: Pf.PfCommand = { _tag: "BeginRestart", cause: "reset" }
  const begun = up().when(restart).expectEvents({ _tag: "RestartBegun", cause: "reset" })
  begun.when({ _tag: "BeginRestart", cause: "error" }).expectEvents()
  const ended = begun.when({ _tag: "EndRestart" }).expectEvents({ _tag: "RestartEnded" })
  ended.when({ _tag: "EndRestart" }).expectEvents()
  const lost = up().when({ _tag: "LoseDevice" }).expectEvents({ _tag: "DeviceLost" })
  lost.when({ _tag: "LoseDevice" }).expectEvents()
  assert.isNull(lost.when(restart).expectEvents().state.device?.restart)
  assert.strictEqual(lost.when(emulated()).when(restart).state.device?.restart, "reset")
})

it("a PF of capabilities alone has none of this: EINVAL", () => {
  const plain = given(Pf.behavior).when(configure())
  const commands: ReadonlyArray<Pf.PfCommand> = [
    { _tag: "CheckHeartbeat", at: 0, working: [] },
    { _tag: "InjectHeartbeatError", pair: 0 },
    { _tag: "BeginRestart", cause: "reset" },
    { _tag: "EndRestart" },
    { _tag: "LoseDevice" },
    { _tag: "NoteUnread", vf: 0, message: "RESTARTING" },
    { _tag: "NoteRunning", vfs: [0] }
  ]
  for (const command of commands) {
    const refused = plain.when(command).expectRefusal({ _tag: "EINVAL" })
    assert.isUndefined(refused.state.device)
  }
})
