/** REGION_READs and REGION_WRITEs of 4 bytes, one after the other or 32 under way, by the callbacks of the client's core. */
import { accessHeadBytes, type Core, makeClient, type Waiting } from "@stopcopy/vfio-user"
import { inFolder, rateOf, type Subject } from "@stopcopy/workbench"
import { Effect } from "effect"
import { closeSync } from "node:fs"
import { dirname, join } from "node:path"
import { type Served, start, transportOf, type Way } from "./child.ts"
import { dataBytes } from "./echo.ts"

const ticks = 50
/** Head and tail of the rings of bank 1, which are not configured: a write is stored, and nothing follows from it. */
const offsets = [0x20c0, 0x20c4, 0x2100, 0x2104]
const offsetOf = (index: number): number => offsets[index % offsets.length] ?? 0

type Kind = "read" | "write"

/** Makes `count` accesses with `atOnce` under way; each reply makes the next request. */
const accessAll = (core: Core, kind: Kind, count: number, atOnce: number): Effect.Effect<number, Error> =>
  Effect.async((resume) => {
    const data = new Uint8Array(dataBytes)
    let [begun, done, sum] = [0, 0, 0]
    const next = (): void => {
      const offset = offsetOf(begun++)
      if (kind === "read") core.read(0, offset, dataBytes, ticks, waiting)
      else core.write(0, offset, data, ticks, waiting)
    }
    const waiting: Waiting = {
      replied: (view, at) => {
        if (kind === "read") sum += view.getUint32(at + accessHeadBytes, true)
        if (begun < count) next()
        if (++done === count) resume(Effect.succeed(sum))
      },
      failed: (error) => resume(Effect.fail(error))
    }
    for (let index = 0; index < atOnce; index++) next()
  })

interface Measured {
  readonly kind: Kind
  readonly served: Served
  readonly way: Way
  readonly atOnce: number
}

/** Accesses a second over a socket to another process. */
const overSocket = ({ atOnce, kind, served, way }: Measured): Effect.Effect<number, unknown> =>
  inFolder((file) =>
    Effect.scoped(
      Effect.gen(function* () {
        const path = join(dirname(file), "device.sock")
        const transport = yield* transportOf(way)
        yield* start(served, way, path)
        const { core } = yield* makeClient((accept) => transport.connect(path, accept), { closeDescriptor: closeSync })
        const count = atOnce === 1 ? 30_000 : 640_000
        yield* accessAll(core, kind, count / 4, atOnce)
        return yield* rateOf(count, accessAll(core, kind, count, atOnce))
      })
    )
  )

const keyOf = ({ atOnce, kind, served, way }: Measured): string => `${served} ${kind} ${way} ${atOnce}`
const what = { echo: "bare echo", device: "server, device that answers at once", qat: "server, QAT VF" } as const

/** What the time of one access may be of the floor's, as a ratio of rates. */
const targets = { read: 0.77, write: 0.63 } as const

const subjectOf = (measured: Measured): Subject => {
  const { atOnce, kind, served, way } = measured
  const floor = { key: keyOf({ ...measured, served: "echo" }), to: "bare echo" }
  return {
    key: keyOf(measured),
    name: `${kind}, ${way}, ${atOnce === 1 ? "one" : atOnce} at a time: ${what[served]}`,
    word: served === "qat" && kind === "write" ? "written" : "none",
    unit: "accesses/s",
    against: served === "echo" ? [] : [atOnce === 1 && served === "qat" ? { ...floor, target: targets[kind] } : floor],
    measure: overSocket(measured)
  }
}

const served: ReadonlyArray<Served> = ["echo", "device", "qat"]
const kinds: ReadonlyArray<Kind> = ["read", "write"]

/** One access under way, or 32. */
export const accesses = (way: Way, atOnce: number): ReadonlyArray<Subject> =>
  kinds.flatMap((kind) => served.map((each) => subjectOf({ kind, served: each, way, atOnce })))
