/** Two emulators and a coordinator as processes that may end at an event, over journals and sockets in a folder, and guests that work on VFs of the first. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { assert } from "@effect/vitest"
import type { Address, DeviceDescription } from "@stopcopy/agent"
import { makeClient as makeAgent } from "@stopcopy/agent/client"
import { type Client, makeClient } from "@stopcopy/coordinator-api"
import { Verify } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { AddressSpace, Arena, attach, beginMove, QatDriver } from "@stopcopy/vmm"
import { type Host as Vmm, makeHost, Workload } from "@stopcopy/vmm/node"
import { Effect, Exit, Schedule, Scope } from "effect"
import { createServer } from "node:net"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import { folder } from "../support/world.ts"
import { balanced, neverTwo } from "./Books.ts"
import { lethalProgram, type Mortal } from "./Lethal.ts"

export type Side = "source" | "destination"
export type Process = "coordinator" | Side
export const processes: ReadonlyArray<Process> = ["coordinator", "source", "destination"]

export const hostOf = { source: "alpha", destination: "beta" } as const

/** Where a host keeps what it has. */
interface Place {
  readonly path: string
  readonly journal: string
  readonly address: Extract<Address, { readonly _tag: "Unix" }>
}

/** What a VM's VMM has: the guest, and whether its processor was made to stand still. */
interface Guest {
  readonly number: number
  readonly workload: Workload
  /** The guest stands still from here. */
  readonly stand: Effect.Effect<void>
  /** It goes on where its device runs. */
  readonly goOn: (at: Side) => Effect.Effect<void>
}

/** Everything that a case needs. */
export interface Site {
  readonly mortals: Readonly<Record<Process, Mortal>>
  readonly url: string
  readonly client: Client
  readonly devices: (side: Side) => Effect.Effect<ReadonlyArray<DeviceDescription>>
  readonly guest: (number: number) => Effect.Effect<Guest>
  /** Ends all processes well, and holds the ledgers of these guests against what they know; `at`: where each is. */
  readonly audit: (guests: ReadonlyArray<{ readonly guest: Guest; readonly at: Side }>) => Effect.Effect<void>
}

export const deviceOf = (number: number): string => `a/vf${number}`
const socketOf = ({ path }: Place, number: number): string => join(path, "s/a", `vf${number}.sock`)

/** How long three processes may take to be there where everything else runs too. */
const openMillis = 60_000

/** Guest memory, in bytes: the driver's alone. */
const memory = { address: 0x1_0000_0000n, size: 2 << 20 }

/** The coordinator stands still before the guest is stopped, so that the VMM can do its part: until then it works. */
export const beforeDrain = { what: "drain", event: "StepDone judge", when: "before", does: "stands" } as const

const guestAt = (vmm: Vmm, places: Readonly<Record<Side, Place>>, number: number) =>
  Effect.gen(function* () {
    const space = yield* AddressSpace.make(yield* vmm.memory([memory]))
    const attachment = yield* attach(space, vmm.wire(socketOf(places.source, number)))
    const driver = yield* QatDriver.probe(attachment, new Arena(memory))
    const workload = yield* Workload.make(driver, {
      seed: number,
      jobs: 16,
      lanes: [
        { bank: 0, kind: "aes-128-cbc" },
        { bank: 1, kind: "aes-128-gcm", interrupts: attachment.hasInterrupts }
      ]
    })
    const { processor } = workload
    const moved = Effect.gen(function* () {
      const move = yield* beginMove(attachment, vmm.wire(socketOf(places.destination, number)))
      yield* move.quiesce
      yield* move.commit
      yield* move.resume
    }).pipe(Effect.scoped)
    // A side that has just died is not connected yet. A move that did not come to its end is taken back with its scope.
    const again = Schedule.intersect(Schedule.spaced("50 millis"), Schedule.recurs(200))
    const persistently = Effect.retry(moved, { schedule: again, while: ({ _tag }) => _tag === "Disconnected" })
    const goOn = (at: Side) =>
      Effect.zipRight(at === "destination" ? Effect.orDie(persistently) : Effect.void, processor.open)
    return { number, workload, stand: processor.shut, goOn }
  })

/** A port that nobody has. */
const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().on("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

interface Programs {
  readonly coordinator: ReturnType<typeof lethalProgram>
  readonly emulator: ReturnType<typeof lethalProgram>
}

const placeOf = Effect.map(folder, (path): Place => {
  const address = { _tag: "Unix", path: join(path, "agent.sock") } as const
  return { path, journal: join(path, "host.db"), address }
})

/** A failed attempt is a verdict here, and many of them are no reason to stop. */
const plainPolicy = (client: Client) =>
  Effect.gen(function* () {
    const policy = yield* client.policy.get()
    const retry = { ...policy.retry, attempts: 1 }
    yield* client.policy.put({ payload: { ...policy, retry, breaker: { ...policy.breaker, failures: 1000 } } })
  })

/** `vfs`: of each host; every case needs one. */
export const openSite = ({ coordinator, emulator }: Programs, vfs: number) =>
  Effect.gen(function* () {
    const places = { source: yield* placeOf, destination: yield* placeOf }
    const hosted = (side: Side) => {
      const { address, journal, path } = places[side]
      const where = ["--journal", journal, "--socket-dir", join(path, "s"), "--agent", `unix:${address.path}`]
      const pf = ["--pf", `a=4xxx:${vfs},services=sym`, "--drain-seconds", "0.2"]
      return emulator.serve(["--host", hostOf[side], "--log-level", "warning", ...where, ...pf])
    }
    const path = yield* folder
    // The port stays the same over all lives.
    const port = yield* Effect.promise(freePort)
    const args = [`--listen=127.0.0.1:${port}`, "--journal", join(path, "journal.db")]
    const starting = [hosted("source"), hosted("destination"), coordinator.serve(args, [beforeDrain])] as const
    const [source, destination, conducting] = yield* Effect.all(starting, { concurrency: "unbounded" })
    const url = conducting.life.said("api")
    const client = yield* Effect.provide(makeClient({ baseUrl: url }), FetchHttpClient.layer)
    for (const side of ["source", "destination"] as const) {
      const address = `unix:${places[side].address.path}`
      yield* client.hosts.register({ payload: { name: hostOf[side], address } })
    }
    yield* plainPolicy(client)
    const vmm = yield* makeHost()
    const scope = yield* Effect.scope
    const agents = {
      source: yield* makeAgent({ address: places.source.address }),
      destination: yield* makeAgent({ address: places.destination.address })
    }
    const mortals = { coordinator: conducting, source, destination }
    const site: Site = {
      mortals,
      url,
      client,
      devices: (side) => Effect.orDie(Effect.map(agents[side].describe, ({ pfs }) => pfs.flatMap((pf) => pf.vfs))),
      guest: (number) => Effect.orDie(Effect.provideService(guestAt(vmm, places, number), Scope.Scope, scope)),
      audit: (guests) =>
        Effect.gen(function* () {
          for (const { life } of Object.values(mortals)) {
            const { code, stderr } = yield* life.kill("SIGTERM")
            assert.strictEqual(code, 0, stderr)
          }
          for (const file of [places.source.journal, places.destination.journal, join(path, "journal.db")]) {
            yield* Effect.provide(Verify.verify(), layerSqlite({ file }))
          }
          for (const { at, guest } of guests) {
            const device = {
              name: deviceOf(guest.number),
              journals: { source: places.source.journal, destination: places.destination.journal }
            }
            yield* neverTwo(device)
            yield* balanced(device, at, guest.workload.accounts)
          }
        }).pipe(Effect.orDie)
    }
    return site
  }).pipe(Effect.orDie)

/** The programs, for the tests of one file. */
export const lethalPrograms = (): Programs => ({
  coordinator: lethalProgram("coordinator"),
  emulator: lethalProgram("emulator")
})

/** A site for the tests of one file, over their programs. */
export const siteOf = (vfs: number): (() => Site) => {
  const programs = lethalPrograms()
  const scope = Effect.runSync(Scope.make())
  let site: Site | undefined
  beforeAll(async () => {
    site = await Effect.runPromise(Scope.extend(openSite(programs, vfs), scope))
  }, openMillis)
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))
  return () => site ?? assert.fail("the site is open while tests run")
}
