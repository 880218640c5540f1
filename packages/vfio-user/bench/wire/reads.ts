/** REGION_READs of 4 bytes, one after the other or some at once: through the callbacks of the client's core, and as effects. */
import { accessHeadBytes, type Client, type Core, makeClient, type Waiting } from "@stopcopy/vfio-user"
import { type Comparison, inFolder, rateOf, type Subject } from "@stopcopy/workbench"
import { closeDescriptor } from "@stopcopy/vfio-user/transport"
import { Effect } from "effect"
import { dirname, join } from "node:path"
import { type Served, start, transportOf, type Way } from "./child.ts"
import { readBytes } from "./echo.ts"
import { inMemory } from "./memory.ts"

const ticks = 50
const registers = 1024

/** Reads `count` registers with `atOnce` under way; each reply makes the next request. */
const readAll = (core: Core, count: number, atOnce: number): Effect.Effect<number, Error> =>
  Effect.async((resume) => {
    let [begun, done, sum] = [0, 0, 0]
    const next = (): void => {
      core.read(0, (begun++ % registers) * readBytes, readBytes, ticks, waiting)
    }
    const waiting: Waiting = {
      replied: (view, at) => {
        sum += view.getUint32(at + accessHeadBytes, true)
        if (begun < count) next()
        if (++done === count) resume(Effect.succeed(sum))
      },
      failed: (error) => resume(Effect.fail(error))
    }
    for (let index = 0; index < atOnce; index++) next()
  })

const effects = (client: Client, count: number, atOnce: number) =>
  Effect.forEach(
    Array.from({ length: atOnce }),
    () =>
      Effect.gen(function* () {
        for (let index = 0; index < count / atOnce; index++) {
          yield* client.readWord(0, (index % registers) * readBytes, 4)
        }
      }),
    { concurrency: "unbounded", discard: true }
  )

interface Measured {
  readonly served: Served
  readonly way: Way
  readonly atOnce: number
  readonly style: "callbacks" | "effects"
}

/** Reads a second over a socket to another process. */
const overSocket = ({ atOnce, served, style, way }: Measured): Effect.Effect<number, unknown> =>
  inFolder((file) =>
    Effect.scoped(
      Effect.gen(function* () {
        const path = join(dirname(file), "device.sock")
        const transport = yield* transportOf(way)
        yield* start(served, way, path)
        const client = yield* makeClient((accept) => transport.connect(path, accept), { closeDescriptor })
        const count = atOnce === 1 ? 30_000 : 320_000
        const run = style === "callbacks" ? readAll(client.core, count, atOnce) : effects(client, count, atOnce)
        yield* style === "callbacks" ? readAll(client.core, count / 10, atOnce) : effects(client, count / 10, atOnce)
        return yield* rateOf(count, run)
      })
    )
  )

const keyOf = ({ atOnce, served, style, way }: Measured): string => `${served} ${way} ${atOnce} ${style}`

const nameOf = ({ atOnce, served, style, way }: Measured): string =>
  `${served === "echo" ? "bare echo" : "server"}, ${way}, ${atOnce === 1 ? "one" : atOnce} at a time, ${style}`

/** Ratio that the server must reach of the bare echo. */
const target = 0.5

const againstOf = (measured: Measured): ReadonlyArray<Omit<Comparison, "value"> & { readonly key: string }> => {
  if (measured.served === "device") return [{ key: keyOf({ ...measured, served: "echo" }), to: "bare echo", target }]
  if (measured.style === "effects") return [{ key: keyOf({ ...measured, style: "callbacks" }), to: "callbacks" }]
  return measured.way === "descriptors" ? [{ key: keyOf({ ...measured, way: "messages" }), to: "messages" }] : []
}

const subjectOf = (measured: Measured): Subject => ({
  key: keyOf(measured),
  name: nameOf(measured),
  word: "none",
  unit: "reads/s",
  against: againstOf(measured),
  measure: overSocket(measured)
})

const ways: ReadonlyArray<Way> = ["messages", "descriptors"]

const both = (atOnce: number): ReadonlyArray<Subject> =>
  ways.flatMap((way) =>
    [
      { served: "echo", way, atOnce, style: "callbacks" } as const,
      { served: "echo", way, atOnce, style: "effects" } as const,
      { served: "device", way, atOnce, style: "callbacks" } as const
    ].map(subjectOf)
  )

/** One read under way. */
export const sequential = both(1)

/** 32 reads under way. */
export const pipelined = both(32)

/** The client's own work: nobody at the other end but a copy of the replies. */
export const clientWork: ReadonlyArray<Subject> = [
  {
    key: "memory",
    name: "client core and replies in memory, 32 at a time",
    word: "none",
    unit: "reads/s",
    measure: Effect.scoped(
      Effect.gen(function* () {
        const client = yield* makeClient(inMemory)
        const count = 3_200_000
        yield* readAll(client.core, count / 10, 32)
        return yield* rateOf(count, readAll(client.core, count, 32))
      })
    )
  }
]
