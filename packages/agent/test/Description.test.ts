/** What a host says of itself, and how it is watched. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { contractVersion, type DeviceChange } from "@stopcopy/agent"
import { born, serveHost, vf } from "./support.ts"

const seen = ({ epoch, name, standing, state }: DeviceChange): string => `${name} ${state} ${standing}@${epoch}`

describe("Describe", () => {
  it.scopedLive("has everything of every device", () =>
    Effect.gen(function* () {
      const { agent } = yield* serveHost({ name: "alpha", capabilities: 0x7 })
      yield* agent.fence({ device: vf, epoch: 2 })
      const described = yield* agent.describe
      assert.deepInclude(described, { host: "alpha", program: "memory", contract: contractVersion, faults: true })
      const pf = described.pfs[0]
      assert.deepStrictEqual(pf?.capabilities, {
        gencap: 0x7,
        svcmap: 0x6db,
        extdc: 0,
        rateLimiting: true,
        slas: [{ service: 1, ringPairMask: 0xf0n, cir: 1000, pir: 2000 }]
      })
      assert.deepStrictEqual(pf?.vfs[1], {
        name: vf,
        vfNumber: 1,
        socketPath: "/nowhere/pf0-vf1.sock",
        deviceType: "memory",
        deviceId: 0x4941,
        mode: "safe",
        migrationFlags: 7,
        state: "STOP",
        lifecycle: "open",
        attached: false,
        epoch: 2,
        standing: "fenced",
        digest: null
      })
    })
  )

  it.scopedLive("has only the devices that are asked for, those that there are", () =>
    Effect.gen(function* () {
      const { agent } = yield* serveHost({ name: "alpha" })
      const namesOf = (devices: ReadonlyArray<string>) =>
        Effect.map(agent.describeOnly(devices), ({ pfs }) =>
          pfs.map(({ name, vfs }) => [name, ...vfs.map((one) => one.name)])
        )
      assert.deepStrictEqual(yield* namesOf([vf, "pf7/vf7"]), [["pf0", vf]])
      assert.deepStrictEqual(yield* namesOf([]), [])
    })
  )
})

describe("Watch", () => {
  it.scopedLive("gives how every device is, then every arc of those asked for", () =>
    Effect.gen(function* () {
      const { agent } = yield* serveHost({ name: "alpha" })
      const walk = Effect.zipRight(
        agent.setState({ device: "pf0/vf0", epoch: born, to: "STOP" }),
        agent.setState({ device: vf, epoch: born, to: "STOP" })
      )
      const changes = yield* agent.watch({ devices: [vf] }).pipe(
        Stream.tap(({ state }) => (state === "RUNNING" ? walk : Effect.void)),
        Stream.takeUntil(({ state }) => state === "STOP"),
        Stream.runCollect
      )
      assert.deepStrictEqual([...changes].map(seen), [
        `${vf} RUNNING held@0`,
        `${vf} RUNNING_P2P held@0`,
        `${vf} STOP held@0`
      ])
      const all = yield* Stream.runCollect(Stream.take(agent.watch({ devices: [] }), 2))
      assert.deepStrictEqual([...all].map(seen), ["pf0/vf0 STOP held@0", `${vf} STOP held@0`])
    })
  )

  it.scopedLive("refuses a device that is not there", () =>
    Effect.gen(function* () {
      const { agent } = yield* serveHost({ name: "alpha" })
      const error = yield* Effect.flip(Stream.runDrain(agent.watch({ devices: [vf, "pf1/vf0"] })))
      assert.include(error, { _tag: "NoSuchDevice", device: "pf1/vf0" })
    })
  )
})
