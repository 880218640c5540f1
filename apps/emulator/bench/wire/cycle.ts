/** Migrations of a VF without a guest between two processes, over their sockets: the whole cycle, and the time in which neither side runs. */
import { type Client, makeClient } from "@stopcopy/vfio-user"
import { inFolder, type Subject } from "@stopcopy/workbench"
import { Effect } from "effect"
import { dirname, join } from "node:path"
import { accesses } from "./accesses.ts"
import { start, transportOf } from "./child.ts"
import { commits, epochsOf, syncedAppends, type Tell } from "./epochs.ts"
import { go, read, together, write } from "./together.ts"

/** Key of the bare round trip among the accesses. */
const echoKey = "echo read messages 1"

/** Cycles that warm up, and that count: before some thousand of them the compiler is still at work. */
const [warming, counted] = [1500, 500]
const blockBytes = 4096

/** All that a saving session has now. A reply with less than was asked for is the end: section 14 of the specification. */
const saving = (state: "PRE_COPY" | "STOP_COPY") => [go(state), read(blockBytes + 1)]

const [preCopy, stopCopy] = [saving("PRE_COPY"), saving("STOP_COPY")]
const [resuming, stop, running] = [go("RESUMING"), go("STOP"), go("RUNNING")]

interface Times {
  readonly cycle: number
  readonly blackout: number
}

/** One end of a migration. */
interface End {
  readonly client: Client
  readonly tell: Tell
}

/** What is recorded durably: nothing, or all that a real migration does. */
interface Records {
  readonly claim: (destination: End) => Effect.Effect<void, unknown>
  readonly switchOver: (source: End, destination: End) => Effect.Effect<void, unknown>
}

const nothing: Records = { claim: () => Effect.void, switchOver: () => Effect.void }

/** The destination is fenced, granted an epoch and adopts it before it receives; then come vote, commit, fence and adoption. */
const all = (commit: Effect.Effect<void, unknown>): Records => ({
  claim: ({ tell }) => Effect.andThen(tell("fenced"), Effect.andThen(tell("granted"), tell("held"))),
  switchOver: (source, { tell }) =>
    Effect.andThen(tell("granted"), Effect.andThen(commit, Effect.andThen(source.tell("fenced"), tell("held"))))
})

/** How many records that is: in the cycle, and in the blackout alone. */
const recorded = { cycle: 7, blackout: 4 } as const

const cycle = (source: End, destination: End, records: Records) =>
  Effect.gen(function* () {
    const [from, to] = [source.client.core, destination.client.core]
    const begun = performance.now()
    yield* records.claim(destination)
    const setup = yield* together(from, preCopy)
    yield* together(to, [resuming, write(setup)])
    const stopped = performance.now()
    const state = yield* together(from, stopCopy)
    if (records === nothing) yield* together(to, [write(state), stop, running])
    else {
      yield* together(to, [write(state), stop])
      yield* records.switchOver(source, destination)
      yield* together(to, [running])
    }
    const end = performance.now()
    yield* together(from, [running])
    return { cycle: end - begun, blackout: end - stopped }
  })

const median = (values: ReadonlyArray<number>): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0
const mean = (values: ReadonlyArray<number>): number => values.reduce((sum, each) => sum + each, 0) / values.length

type Figure = (values: ReadonlyArray<number>) => number

/** Of many migrations there and back: `written`, or with all that is durable. */
const measured = (durable: boolean) =>
  inFolder((file) =>
    Effect.gen(function* () {
      const transport = yield* transportOf("messages")
      const connected = (name: string) =>
        Effect.gen(function* () {
          const path = join(dirname(file), `${name}.sock`)
          yield* start("qat", "messages", path)
          const client = yield* makeClient((accept) => transport.connect(path, accept))
          return { client, tell: yield* epochsOf(path) }
        })
      const [source, destination] = [yield* connected("source"), yield* connected("destination")]
      const records = durable ? all(yield* commits(file)) : nothing
      const times: Array<Times> = []
      for (let index = 0; index < warming + counted; index++) {
        const ends = index % 2 === 0 ? ([source, destination] as const) : ([destination, source] as const)
        const one = yield* cycle(...ends, records)
        if (index >= warming) times.push(one)
      }
      return times
    }).pipe(Effect.scoped)
  )

/** Every figure of a round is of the same migrations. */
const shared = (durable: boolean) => {
  let latest: ReadonlyArray<Times> = []
  const again = Effect.map(measured(durable), (times) => (latest = times))
  return (isFirst: boolean) => (isFirst ? again : Effect.sync(() => latest))
}

/** Rates, as all rows are; a note says the time. */
const subjectsOf = (durable: boolean): ReadonlyArray<Subject> => {
  const timesOf = shared(durable)
  const figures: ReadonlyArray<readonly [string, Figure]> = [
    ["", median],
    [", mean: what comes later included", mean]
  ]
  const word = durable ? "with vote, commit, fence and adoption durable" : "written"
  return figures.flatMap(([suffix, figure], at) =>
    (["cycle", "blackout"] as const).map((key) => ({
      key: `migration ${key} ${word}${suffix}`,
      name: `migration of a VF, ${key}, ${word}${suffix}`,
      word: durable ? ("durable" as const) : ("written" as const),
      unit: "per s",
      against: durable
        ? [{ key: `synced ${key}`, to: `${recorded[key]} synced appends` }]
        : [{ key: echoKey, to: "a round trip" }],
      measure: Effect.map(
        timesOf(at === 0 && key === "cycle"),
        (times) => 1000 / figure(times.map((each) => each[key]))
      )
    }))
  )
}

/** A write-ahead log's way to the disk, and nothing else. */
const floors: ReadonlyArray<Subject> = (["cycle", "blackout"] as const).map((key) => ({
  key: `synced ${key}`,
  name: `floor: ${recorded[key]} appends of 4096 bytes, each synced`,
  word: "durable" as const,
  unit: "per s",
  measure: inFolder((file) => Effect.sync(() => syncedAppends(file, recorded[key], counted)))
}))

/** The floor of a round trip, in the same run. */
const echoed: ReadonlyArray<Subject> = accesses("messages", 1).filter(({ key }) => key === echoKey)

export const migrations: ReadonlyArray<Subject> = [...echoed, ...subjectsOf(false)]
export const durableMigrations: ReadonlyArray<Subject> = [...floors, ...subjectsOf(true)]
