/** Migrations of a VF without a guest between two processes, over their sockets: the whole cycle, and the time in which neither side runs. */
import { type Client, makeClient } from "@stopcopy/vfio-user"
import { inFolder, type Subject } from "@stopcopy/workbench"
import { Effect } from "effect"
import { dirname, join } from "node:path"
import { accesses } from "./accesses.ts"
import { start, transportOf } from "./child.ts"
import { commits, epochsOf, syncedAppends, type Tell } from "./epochs.ts"
import { go, read, send, together, write } from "./together.ts"

/** Key of the bare round trip among the accesses. */
const echoKey = "echo read messages 1"

/** Cycles that warm up, and that count: before some thousands of them the compiler is still at work. */
const [warming, counted] = [4000, 500]
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

/** What a real migration records durably. */
interface Records {
  readonly claim: (destination: End) => Effect.Effect<void, unknown>
  readonly switchOver: (source: End, destination: End) => Effect.Effect<void, unknown>
}

/** The destination is fenced, granted an epoch and adopts it before it receives; then come vote, commit, fence and adoption. */
const all = (commit: Effect.Effect<void, unknown>): Records => ({
  claim: ({ tell }) => Effect.andThen(tell("fenced"), Effect.andThen(tell("granted"), tell("held"))),
  switchOver: (source, { tell }) =>
    Effect.andThen(tell("granted"), Effect.andThen(commit, Effect.andThen(source.tell("fenced"), tell("held"))))
})

/** How many records that is: in the cycle, and in the blackout alone. */
const recorded = { cycle: 7, blackout: 4 } as const

/** One migration with durable records. */
const durableCycle = (source: End, destination: End, records: Records): Effect.Effect<Times, unknown> =>
  Effect.gen(function* () {
    const [from, to] = [source.client.core, destination.client.core]
    const begun = performance.now()
    yield* records.claim(destination)
    const setup = yield* together(from, preCopy)
    yield* together(to, [resuming, write(setup)])
    const stopped = performance.now()
    const state = yield* together(from, stopCopy)
    yield* together(to, [write(state), stop])
    yield* records.switchOver(source, destination)
    yield* together(to, [running])
    const end = performance.now()
    yield* together(from, [running])
    return { cycle: end - begun, blackout: end - stopped }
  })

/** One migration without any. */
const writtenCycle = (source: End, destination: End): Effect.Effect<Times, unknown> => {
  const [from, to] = [source.client.core, destination.client.core]
  return Effect.async((resume) => {
    const failed = (error: Error): void => resume(Effect.fail(error))
    const begun = performance.now()
    const switchOver = (): void => {
      const stopped = performance.now()
      const runs = (): void => {
        const end = performance.now()
        const times = { cycle: end - begun, blackout: end - stopped }
        send(from, [running], () => resume(Effect.succeed(times)), failed)
      }
      send(from, stopCopy, (state) => send(to, [write(state), stop, running], runs, failed), failed)
    }
    send(from, preCopy, (setup) => send(to, [resuming, write(setup)], switchOver, failed), failed)
  })
}

const median = (values: ReadonlyArray<number>): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0
const mean = (values: ReadonlyArray<number>): number => values.reduce((sum, each) => sum + each, 0) / values.length

type Figure = (values: ReadonlyArray<number>) => number

/** What migrates: VFs with everything *written*, the same with durable records, or devices that do nothing and record nothing. */
type Kind = "written" | "durable" | "bare"

/** Of many migrations there and back. */
const measured = (kind: Kind) =>
  inFolder((file) =>
    Effect.gen(function* () {
      const transport = yield* transportOf("messages")
      const connected = (name: string) =>
        Effect.gen(function* () {
          const path = join(dirname(file), `${name}.sock`)
          yield* start(kind === "bare" ? "device" : "qat", "messages", path)
          const client = yield* makeClient((accept) => transport.connect(path, accept))
          return { client, tell: kind === "durable" ? yield* epochsOf(path) : () => Effect.void }
        })
      const [source, destination] = [yield* connected("source"), yield* connected("destination")]
      const records = kind === "durable" ? all(yield* commits(file)) : undefined
      const times: Array<Times> = []
      for (let index = 0; index < warming + counted; index++) {
        const ends = index % 2 === 0 ? ([source, destination] as const) : ([destination, source] as const)
        const one = yield* records === undefined ? writtenCycle(...ends) : durableCycle(...ends, records)
        if (index >= warming) times.push(one)
      }
      return times
    }).pipe(Effect.scoped)
  )

/** Every figure of a round is of the same migrations. */
const shared = (kind: Kind) => {
  let latest: ReadonlyArray<Times> = []
  const again = Effect.map(measured(kind), (times) => (latest = times))
  return (isFirst: boolean) => (isFirst ? again : Effect.sync(() => latest))
}

const words: Readonly<Record<Kind, string>> = {
  written: "written",
  durable: "with vote, commit, fence and adoption durable",
  bare: "of devices that do and record nothing"
}

const keyOf = (kind: Kind, figure: keyof Times, suffix = ""): string => `migration ${figure} ${words[kind]}${suffix}`

const againstOf = (kind: Kind, figure: keyof Times): NonNullable<Subject["against"]> => {
  switch (kind) {
    case "written":
      return [
        { key: echoKey, to: "a round trip" },
        { key: keyOf("bare", figure), to: "the same messages" }
      ]
    case "durable":
      return [{ key: `synced ${figure}`, to: `${recorded[figure]} synced appends` }]
    case "bare":
      return [{ key: echoKey, to: "a round trip" }]
  }
}

/** Rates, as all rows are; a note says the time. */
const subjectsOf = (kind: Kind): ReadonlyArray<Subject> => {
  const timesOf = shared(kind)
  const figures: ReadonlyArray<readonly [string, Figure]> = [
    ["", median],
    [", mean: what comes later included", mean]
  ]
  const wanted = kind === "bare" ? figures.slice(0, 1) : figures
  return wanted.flatMap(([suffix, figureOf], at) =>
    (["cycle", "blackout"] as const).map((figure) => ({
      key: keyOf(kind, figure, suffix),
      name: `migration, ${figure}, ${words[kind]}${suffix}`,
      word: kind === "bare" ? ("none" as const) : kind,
      unit: "per s",
      against: againstOf(kind, figure),
      measure: Effect.map(
        timesOf(at === 0 && figure === "cycle"),
        (times) => 1000 / figureOf(times.map((each) => each[figure]))
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

export const migrations: ReadonlyArray<Subject> = [...echoed, ...subjectsOf("bare"), ...subjectsOf("written")]
export const durableMigrations: ReadonlyArray<Subject> = [...floors, ...subjectsOf("durable")]
