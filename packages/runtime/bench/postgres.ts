/**
 * Durable appends per second to a journal in PostgreSQL from 1, 64 and 1,024 writers, each to a stream of its own and each waiting for its answer
 * before it goes on: what is waiting at the same time becomes one group. Beside it, *written* appends, and the server's own floor: one small row
 * and one transaction at a time. The server is made for this run on this machine's disk, at its default settings.
 * What it does not measure: a network, other disks, actors and schemas, big payloads, a journal that is full already.
 */
import { Journal } from "@stopcopy/runtime"
import type { AppendRequest, Durability } from "@stopcopy/runtime"
import { layerPostgres } from "@stopcopy/runtime/postgres"
import { Effect } from "effect"
import { Client } from "pg"
import { postgres } from "@stopcopy/workbench/postgres"

/** Writers at the same time, and appends of each in one measurement. */
const loads = [
  { writers: 1, appends: 500 },
  { writers: 64, appends: 100 },
  { writers: 1024, appends: 20 }
] as const

/** Transactions of the floor. */
const floorTransactions = 500

/** Measurements of each row; the fastest counts. */
const rounds = 3

const now = Effect.sync(() => performance.now())
const bytes = new TextEncoder().encode('{"_tag":"Counted","by":1,"note":"one more on the way"}')

const request = (stream: string, expected: number, durability: Durability): AppendRequest => ({
  durability,
  time: 1_700_000_000_000_000,
  correlation: `${stream}@${expected + 1}`,
  causation: null,
  command: { stream, schemaVersion: 1, bytes },
  streams: [{ stream, behavior: "counter", owner: null, expected }],
  records: [{ stream: 0, type: "Counted", schemaVersion: 1, encoding: 1, count: 1, payload: bytes }]
})

/** Appends per second of all writers together. */
const appended = (writers: number, appends: number, durability: Durability, round: string) =>
  Effect.gen(function* () {
    const journal = yield* Journal
    const writer = Effect.fnUntraced(function* (index: number) {
      const stream = `counter/${round}/${index}`
      for (let version = 0; version < appends; version++) {
        yield* journal.append(request(stream, version, durability))
      }
    })
    const start = yield* now
    const all = Array.from({ length: writers }, (_, index) => writer(index))
    yield* Effect.all(all, { concurrency: "unbounded", discard: true })
    return (writers * appends * 1000) / ((yield* now) - start)
  })

const floor = (url: string) =>
  Effect.promise(async () => {
    const client = new Client(url)
    await client.connect()
    await client.query("CREATE TABLE floor (value bigint, payload bytea)")
    const start = performance.now()
    for (let value = 0; value < floorTransactions; value++) {
      await client.query({ name: "floor", text: "INSERT INTO floor VALUES ($1, $2)", values: [value, bytes] })
    }
    const rate = (floorTransactions * 1000) / (performance.now() - start)
    await client.query("DROP TABLE floor")
    await client.end()
    return rate
  })

const best = <E, R>(measure: (round: number) => Effect.Effect<number, E, R>) =>
  Effect.map(Effect.all(Array.from({ length: rounds }, (_, round) => measure(round))), (rates) => Math.max(...rates))

const row = (what: string, rate: number, ground: number) =>
  console.log(
    `${what.padEnd(44)} ${Math.round(rate).toLocaleString("en").padStart(9)} /s ${(rate / ground).toFixed(2).padStart(7)}`
  )

const program = Effect.gen(function* () {
  const started = yield* now
  const { url } = yield* postgres
  console.log(`server made and started in ${Math.round((yield* now) - started)} ms; ratios are to the floor`)
  const ground = yield* best(() => floor(url))
  row("floor: one row a transaction, durable", ground, ground)
  for (const durability of ["durable", "written"] as const) {
    for (const { appends, writers } of loads) {
      const rate = yield* best((round) =>
        appended(writers, appends, durability, `${durability}${writers}-${round}`)
      ).pipe(Effect.provide(layerPostgres({ url, schema: `bench_${durability}_${writers}` })))
      row(`${durability} appends from ${writers} writers`, rate, ground)
    }
  }
})

await Effect.runPromise(Effect.scoped(program))
