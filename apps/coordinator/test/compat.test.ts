/** A guest that has agreed on a newer mailbox than the destination knows: refused, by the preflight and by the migration, before a device is called. */
import { assert, it } from "@effect/vitest"
import type { HostService } from "@stopcopy/agent"
import { Effect } from "effect"
import { hasEnded, serveHost, startCoordinator, starting, until } from "./support/world.ts"

/** The mailbox versions of a host: of its PFs, and of the guests on its VFs. */
interface Versions {
  readonly pf: number
  readonly guest: number
}

/** The host with these versions; every call about a device is counted. */
const speaking =
  ({ guest, pf }: Versions, calls: Array<string>) =>
  (host: HostService): HostService => ({
    ...host,
    device: (name) =>
      Effect.zipRight(
        Effect.sync(() => calls.push(name)),
        host.device(name)
      ),
    pfs: Effect.map(host.pfs, (pfs) =>
      pfs.map(({ devices, facts }) => ({
        facts: { ...facts, capabilities: { ...facts.capabilities, compatVersion: pf } },
        devices: devices.map((device) => ({
          ...device,
          status: Effect.map(device.status, (status) => ({ ...status, compatVersion: guest }))
        }))
      }))
    )
  })

it.scopedLive("a guest with a newer mailbox is refused, and no device is called", () =>
  Effect.gen(function* () {
    const one = yield* startCoordinator()
    const { client } = one
    const calls: Array<string> = []
    const hosts = [
      yield* serveHost({ name: "alpha" }, speaking({ pf: 6, guest: 6 }, calls)),
      yield* serveHost({ name: "beta" }, speaking({ pf: 5, guest: 0 }, calls))
    ]
    for (const { address, name } of hosts) yield* client.hosts.register({ payload: { name, address } })
    const moves = { from: "alpha", devices: ["pf0/vf0"] } as const
    const found = yield* client.preflight.check({ payload: moves })
    assert.isFalse(found.fits)
    const compat = found.blockers.filter(({ code }) => code === "migration.compat.above")
    assert.deepStrictEqual(
      compat.map(({ destination, source }) => [source, destination]),
      [["6", "5"]]
    )
    const { id } = yield* client.migrations.start(starting("a newer mailbox", moves))
    const { verdict } = yield* until(one, id, hasEnded)
    assert.deepInclude(verdict, { outcome: "refused", guest: "source" })
    assert.deepStrictEqual(calls, [])
  }).pipe(Effect.timeout("30 seconds"))
)
