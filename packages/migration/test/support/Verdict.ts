/** What must hold when a migration has ended and all are reachable: one verdict in all journals, one side that runs, a guest that goes on, a ledger that balances. */
import { EpochActor, type Epochs } from "@stopcopy/agent"
import { assert } from "@effect/vitest"
import { behavior, isEnd, type Migration, MigrationEvent, type Side } from "@stopcopy/migration"
import { Ledger, ledgerOf } from "@stopcopy/qat"
import { Journal, Replay } from "@stopcopy/runtime"
import { Effect, Option, Schema, Stream } from "effect"
import type { Office } from "./Coordinator.ts"
import { deviceOf } from "./Life.ts"
import { winner, type World } from "./World.ts"

const epochs = Replay.replayable(EpochActor.behavior)
const migrations = Replay.replayable(behavior)
type Known = typeof epochs | typeof migrations

/** The last event of a stream, as the journal alone tells it. */
const lastOf = (known: Known, stream: string) =>
  Effect.gen(function* () {
    const journal = yield* Journal
    const last = yield* Stream.runLast(journal.eventsOf(stream))
    if (Option.isNone(last)) return undefined
    return (yield* known.decode(last.value)).value
  })

const isRecord = Schema.is(EpochActor.EpochEvent)
const isMigrationEvent = Schema.is(MigrationEvent)

/** Who may run a device of a side, by its journal. */
const recordOf = (world: World, side: Side, number: number) =>
  Effect.gen(function* () {
    const journal = yield* world.hosts[side].disk.journal
    const last = yield* Effect.provideService(lastOf(epochs, `epoch/${deviceOf(number)}`), Journal, journal)
    return isRecord(last) ? last : undefined
  })

/** Both sides' journals say what the coordinator's says. */
const sameVerdict = (world: World, { journal }: Office, id: string, state: Migration) =>
  Effect.gen(function* () {
    const ended = yield* Effect.provideService(lastOf(migrations, `migration/${id}`), Journal, journal)
    const last = isMigrationEvent(ended) ? ended : undefined
    const said = last?._tag === "Ended" ? last.phase : last?._tag === "Refused" ? "refused" : "none"
    assert.strictEqual(said, state.phase)
    for (const number of world.guests.keys()) {
      const [source, destination] = [
        yield* recordOf(world, "source", number),
        yield* recordOf(world, "destination", number)
      ]
      const seen = JSON.stringify({ source, destination })
      const standing = (record: Epochs.EpochRecord | undefined) => record?.standing ?? "held"
      if (state.phase === "completed") {
        assert.deepStrictEqual([standing(source), standing(destination)], ["fenced", "held"], seen)
        assert.strictEqual(destination?.epoch, state.epochs?.vote, seen)
      } else {
        assert.strictEqual(standing(source), "held", seen)
        // One that was never touched is held as it was born.
        assert.strictEqual(standing(destination), destination === undefined ? "held" : "fenced", seen)
      }
    }
  })

/** Lets sockets and fibers have their turn. */
const pause = Effect.async<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})

/** So many turns are enough for all that is in flight. */
const turnLimit = 2000

/** The guests submit some more, and get an answer to everything. */
const goesOn = (world: World) =>
  Effect.gen(function* () {
    yield* world.work(2)
    for (let turn = 0; world.guests.some(({ isAnswered }) => !isAnswered); turn++) {
      assert.isBelow(
        turn,
        turnLimit,
        `the guest waits for ever: ${JSON.stringify(world.guests.map(({ account }) => account))}`
      )
      yield* pause
      yield* world.work(0)
    }
  })

/** Every request was executed and answered once, in order, on one side or the other. */
const balanced = (world: World, side: Side) =>
  Effect.gen(function* () {
    const { destination, source } = world.hosts
    for (const [number, guest] of world.guests.entries()) {
      const stream = `vf/${deviceOf(number)}`
      const here = yield* Effect.provideService(ledgerOf([stream]), Journal, yield* source.disk.journal)
      const whole =
        side === "source"
          ? here
          : yield* Effect.provideService(ledgerOf([stream], here), Journal, yield* destination.disk.journal)
      assert.deepStrictEqual(Ledger.audit(whole, [guest.account]), [])
    }
  })

/** All of it. `id`: the migration that ended so. */
export const agrees = (world: World, office: Office, id: string, state: Migration) =>
  Effect.gen(function* () {
    yield* world.healAll
    assert.deepStrictEqual(world.plot.left, [], "every end came")
    assert.isTrue(isEnd(state.phase), state.phase)
    const side = winner(world)
    assert.strictEqual(side, state.phase === "completed" ? "destination" : "source", state.phase)
    if (world.hosts.source.life.drivers.length === 0) return
    yield* sameVerdict(world, office, id, state)
    // An operator who takes the guest back gives up what it did at the destination: `Resolve` says so.
    if (state.cause?._tag === "Resolved" && world.workedAt.has("destination")) return
    yield* goesOn(world)
    yield* balanced(world, side)
  })
