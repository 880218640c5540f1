/** One journal, several owners: order between them, following each other, a server that goes away, parts of the history removed. */
import { assert, describe, it } from "@effect/vitest"
import { Journal, Verify, baseType, encodings } from "@stopcopy/runtime"
import type { AppendError, Appended } from "@stopcopy/runtime"
import { layerPostgres } from "@stopcopy/runtime/postgres"
import { Chunk, Deferred, Effect, Either, Fiber, Layer, Option, Redacted, Stream } from "effect"
import type { Context, Scope } from "effect"
import { nativeSha256 } from "../../src/internal/nativeSha256.ts"
import { openDatabase } from "../../src/postgres/Database.ts"
import { statementsOf } from "../../src/postgres/Statements.ts"
import { Writer } from "../../src/postgres/Writer.ts"
import { json, own, request } from "../journal.contract.ts"
import { freshPlace, serverOfFile } from "./places.ts"
import type { Place } from "./places.ts"
import type { Control } from "@stopcopy/workbench/postgres"

type Service = Context.Tag.Service<Journal>

const server = await serverOfFile()
const skipped = Either.isLeft(server) ? server.left : undefined
const place = freshPlace(server)

/** A journal with connections of its own, as another process has it. */
const owner = (where: Place): Effect.Effect<Service, unknown, Scope.Scope> =>
  Effect.flatMap(Layer.build(layerPostgres(where)), (context) => Effect.provide(Journal, context))

const verified = (journal: Service) => Effect.provideService(Verify.verify(), Journal, journal)

const durable = { durability: "durable" } as const

const up = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

/** Appends to a stream that others append to as well: a conflict says where it is now. */
const insist = (
  journal: Service,
  stream: string,
  expected = 0,
  conflicts = 0
): Effect.Effect<{ readonly appended: Appended; readonly version: number; readonly conflicts: number }, AppendError> =>
  Effect.matchEffect(journal.append(request([own(stream, expected)], [json(0)])), {
    onSuccess: (appended) => Effect.succeed({ appended, version: expected + 1, conflicts }),
    onFailure: (error) =>
      error._tag === "VersionConflict" ? insist(journal, stream, error.actual, conflicts + 1) : Effect.fail(error)
  })

/** Appends `count` times to a stream of its own and, each time, to one that all share. */
const work = Effect.fnUntraced(function* (journal: Service, name: string, count: number) {
  const places: Array<Appended> = []
  let shared = 0
  let conflicts = 0
  for (let turn = 0; turn < count; turn++) {
    places.push(yield* journal.append(request([own(name, turn)], [json(turn)], durable)))
    const told = yield* insist(journal, "shared", shared)
    places.push(told.appended)
    shared = told.version
    conflicts += told.conflicts
  }
  return { places, conflicts }
})

/** The version of a stream in the journal, as soon as it can be read. */
const versionOf = (journal: Service, stream: string): Effect.Effect<number> =>
  journal.streams(stream).pipe(
    Effect.map(([info]) => info?.version ?? 0),
    Effect.eventually
  )

/**
 * Appends until `count` appends are acknowledged as durable, whatever happens to the server; the sequences acknowledged, and how often the journal
 * was not available.
 */
const endure = Effect.fnUntraced(function* (journal: Service, stream: string, count: number, acknowledged: () => void) {
  const sequences: Array<number> = []
  let outages = 0
  let version = 0
  while (sequences.length < count) {
    const outcome = yield* Effect.either(journal.append(request([own(stream, version)], [json(version)], durable)))
    if (Either.isRight(outcome)) {
      sequences.push(outcome.right.first)
      version++
      acknowledged()
    } else {
      assert.include(outcome.left, { _tag: "JournalUnavailable", retryable: true })
      assert.notInclude(outcome.left.message, "\n")
      outages++
      version = yield* versionOf(journal, stream)
    }
  }
  return { stream, sequences, outages }
})

if (skipped !== undefined) console.warn(`sharing a journal in PostgreSQL: skipped, ${skipped}`)

const order = () => {
  it.scopedLive("with several owners has no gap, no duplicate and one order, in which each of them sees it grow", () =>
    Effect.gen(function* () {
      const where = yield* place
      const owners = yield* Effect.all([owner(where), owner(where), owner(where)])
      const [first, second] = owners
      const rounds = 15
      const total = owners.length * rounds * 2
      // Nobody polls: the one that only reads is woken by what the server tells.
      const reader = yield* owner(where)
      const seen = yield* Effect.fork(Stream.runCollect(Stream.take(reader.live(0), total)))
      const working = owners.map((journal, index) => work(journal, `own/${index}`, rounds))
      const worked = yield* Effect.all(working, { concurrency: "unbounded" })
      assert.isAbove(
        worked.reduce((sum, { conflicts }) => sum + conflicts, 0),
        0
      )
      const sequences = worked.flatMap(({ places }) => places.map((appended) => appended.first))
      assert.deepStrictEqual(
        sequences.toSorted((left, right) => left - right),
        up(total)
      )
      const events = Chunk.toReadonlyArray(yield* Fiber.join(seen))
      assert.deepStrictEqual(
        events.map(({ sequence }) => sequence),
        up(total)
      )
      const shared = events.filter(({ stream }) => stream === "shared")
      assert.deepStrictEqual(
        shared.map(({ version }) => version),
        up(owners.length * rounds)
      )
      assert.include(yield* verified(first), { batch: total, sequence: total })
      assert.deepStrictEqual(yield* second.streams(), yield* reader.streams())
    })
  )
}

const retention = () => {
  it.scopedLive("redacted and shortened by one owner is so for the others, and still verifies", () =>
    Effect.gen(function* () {
      const where = yield* place
      const one = yield* owner(where)
      const other = yield* owner(where)
      for (const version of [0, 1, 2]) yield* one.append(request([own("a", version)], [json(version)]))
      yield* one.append(request([own("b", 0)], [json(0)]))
      yield* one.redact({ sequences: [2, 99], commands: [1, 99] })
      yield* one.redact({ sequences: [2], commands: [1] })
      const [batch, second, third] = Chunk.toReadonlyArray(yield* Stream.runCollect(other.batches(0)))
      assert.include(batch?.command, { bytes: null })
      assert.isNull(second?.records[0]?.payload)
      assert.isNotNull(third?.records[0]?.payload)
      assert.include(yield* verified(other), { batch: 4, sequence: 4 })
      const refused = yield* Effect.flip(one.removeBefore(3))
      assert.include(refused, { _tag: "HistoryNeeded", batch: 3, stream: "a" })
      const base = { ...json({}), type: baseType, encoding: encodings.base }
      yield* one.append(request([own("a", 3)], [base], { command: null }))
      yield* one.removeBefore(4)
      yield* one.removeBefore(2)
      assert.include(one.anchor, { batch: 4, sequence: 4 })
      // What the server tells arrives while this one reads.
      yield* Effect.repeat(other.head(), { until: () => other.anchor.batch === 4 })
      for (const journal of [one, other, yield* owner(where)]) {
        assert.include(yield* verified(journal), { batch: 5, sequence: 5 })
        assert.deepStrictEqual(yield* journal.lastBase("a", 9), { version: 4, sequence: 5 })
      }
      assert.include(yield* other.append(request([own("a", 4), own("b", 1)], [json(1), json(1, 1)])), { first: 6 })
      assert.isUndefined(yield* other.check())
    })
  )
}

const storing = () => {
  it.scopedLive("takes an append that is too large for one statement in several, as one", () =>
    Effect.gen(function* () {
      const where = yield* place
      const journal = yield* owner(where)
      const database = yield* openDatabase(Redacted.make(where.url), 2)
      const statements = statementsOf(where.schema)
      const notice = { channel: "nobody", payload: "" }
      const writer = new Writer({
        database,
        statements,
        id: journal.id,
        notice,
        sha256: nativeSha256,
        statementBytes: 8
      })
      const streams = [own("a", 0), own("b", 0)]
      const group = [
        request(
          streams,
          up(9).map((value) => json(value, value % 2))
        ),
        request([own("a", 4)], [json(10)])
      ]
      assert.isTrue((yield* writer.append(group, "durable")).every(Either.isRight))
      const again = yield* writer.append(group, "durable")
      assert.isTrue(again.every(Either.isLeft))
      assert.include(yield* verified(journal), { batch: 2, sequence: 10 })
      assert.include(yield* journal.append(request([own("b", 5)], [json(11)])), { first: 11 })
    })
  )

  it.scopedLive("keeps the latest snapshots of an actor, whoever saves them", () =>
    Effect.gen(function* () {
      const where = yield* place
      const owners = yield* Effect.all([owner(where), owner(where)])
      const save = (journal: Service, sequence: number) =>
        journal.saveSnapshot({
          stream: "a",
          sequence,
          behaviorVersion: 2,
          versions: [["a", 1]],
          state: Uint8Array.of(7)
        })
      const saving = owners.flatMap((journal) => up(6).map((sequence) => save(journal, sequence)))
      yield* Effect.all(saving, { concurrency: "unbounded" })
      for (const journal of owners) {
        const kept = Chunk.toReadonlyArray(yield* Stream.runCollect(journal.snapshots(0)))
        assert.deepStrictEqual(
          kept.map(({ sequence }) => sequence),
          [3, 4, 5, 6]
        )
        assert.include(yield* journal.snapshot("a", 5), { sequence: 5, behaviorVersion: 2 })
      }
    })
  )
}

describe.skipIf(skipped !== undefined)("a journal in PostgreSQL", () => {
  order()
  retention()
  storing()
})

const control: Control | undefined = Either.isRight(server) ? server.right.control : undefined
const reason = skipped ?? "the server of STOPCOPY_POSTGRES_URL is not ours to stop"
if (control === undefined) console.warn(`a PostgreSQL server that crashes: skipped, ${reason}`)

const durableCrash = () => {
  it.scopedLive("what is acknowledged as durable outlives a crash of the server, and appends go on", () =>
    Effect.gen(function* () {
      const { crash, start } = control ?? assert.fail("there is a server")
      const where = yield* place
      const journal = yield* owner(where)
      const other = yield* owner(where)
      const enough = yield* Deferred.make<void>()
      let acknowledged = 0
      const count = () => {
        acknowledged++
        if (acknowledged === 100) Deferred.unsafeDone(enough, Effect.void)
      }
      const enduring = Array.from({ length: 8 }, (_, index) =>
        endure(index % 2 === 0 ? journal : other, `e/${index}`, 30, count)
      )
      const working = yield* Effect.fork(Effect.all(enduring, { concurrency: "unbounded" }))
      yield* Deferred.await(enough)
      yield* crash
      assert.include(yield* Effect.flip(journal.append(request([own("none", 0)], [json(0)]))), {
        _tag: "JournalUnavailable"
      })
      assert.include(yield* Effect.flip(journal.head()), { _tag: "JournalUnavailable" })
      assert.include(yield* Effect.flip(owner(where)), { _tag: "JournalUnavailable" })
      yield* start
      const endured = yield* Fiber.join(working)
      assert.isAbove(
        endured.reduce((sum, { outages }) => sum + outages, 0),
        0
      )
      const events = new Map(
        yield* Stream.runFold(journal.events(0), [], (all: ReadonlyArray<readonly [number, string]>, event) => [
          ...all,
          [event.sequence, event.stream] as const
        ])
      )
      for (const { sequences, stream } of endured) {
        assert.lengthOf(sequences, 30)
        for (const sequence of sequences) assert.strictEqual(events.get(sequence), stream)
      }
      assert.strictEqual((yield* verified(journal)).sequence, events.size)
      // Who follows it hears of what comes next: also the connection that listens is there again.
      const caughtUp = yield* Deferred.make<void>()
      const following = Stream.tap(other.live(0), ({ sequence }) =>
        sequence === events.size ? Deferred.succeed(caughtUp, undefined) : Effect.void
      )
      const seen = yield* Effect.fork(Stream.runHead(Stream.filter(following, ({ stream }) => stream === "last")))
      yield* Deferred.await(caughtUp)
      yield* journal.append(request([own("last", 0)], [json(0)]))
      assert.isTrue(Option.isSome(yield* Fiber.join(seen)))
    })
  )
}

const writtenCrash = () => {
  it.scopedLive("what was only written and is lost with it is appended again by who finds its version", () =>
    Effect.gen(function* () {
      const { crash, start } = control ?? assert.fail("there is a server")
      const where = yield* place
      const journal = yield* owner(where)
      yield* journal.append(request([own("a", 0)], [json(0)], durable))
      for (const version of up(20)) yield* journal.append(request([own("a", version)], [json(version)]))
      yield* crash
      yield* start
      const version = yield* versionOf(journal, "a")
      assert.isAtLeast(version, 1)
      const told = yield* insist(journal, "a", 21)
      assert.strictEqual(told.version, version + 1)
      assert.include(yield* verified(journal), { sequence: version + 1 })
      yield* journal.append(request([own("a", version + 1)], [json(0)]))
      yield* journal.sync()
      yield* crash
      yield* start
      assert.strictEqual(yield* versionOf(journal, "a"), version + 2)
    })
  )
}

describe.skipIf(control === undefined)("a PostgreSQL server that crashes", () => {
  durableCrash()
  writtenCrash()
})
