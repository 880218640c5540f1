/** States by checkpoints are those of a fold from the beginning; who set a field last is who `blame` says; differences are those of the JSON. */
import { assert, it } from "@effect/vitest"
import { blame, checkpointEvents, diffJson, diffStandings, loadChronicle, loadTrack, stateOf } from "@stopcopy/debugger"
import type { Standing } from "@stopcopy/debugger"
import { Effect, Either } from "effect"
import type { Command } from "./Valve.ts"
import { known } from "./Valve.ts"
import { freshSource, tell } from "./worlds.ts"

const command = (index: number): Command => {
  if (index % 7 === 3) return { _tag: "Log", file: index % 2, text: `line ${index}` }
  if (index % 5 === 1) return { _tag: "Poke", register: index % 3, value: index }
  return { _tag: "Turn", by: index % 11 === 0 ? 100 : index % 13 === 0 ? -3 : 0 }
}

/** More events than three checkpoints are apart, of two actors. */
const world = Effect.gen(function* () {
  const source = yield* freshSource("one")
  const told = Array.from({ length: checkpointEvents * 3 + 10 }, (_, index) => ({ id: "a", command: command(index) }))
  yield* tell(source, [{ id: "b", command: { _tag: "Draw" } }, ...told])
  const chronicle = yield* loadChronicle([source], known)
  const actor = yield* Effect.fromNullable(chronicle.actors.find(({ stream }) => stream === "valve/a"))
  return { source, chronicle, actor }
})

const whole = ({ field, names }: Standing): unknown => Object.fromEntries(names.map((name) => [name, field(name)]))

it.scoped("at any event, in any order", () =>
  Effect.gen(function* () {
    const { actor, chronicle, source } = yield* world
    const track = yield* loadTrack(known, source, actor, { verified: true })
    assert.isAbove(track.sequences.length, checkpointEvents * 3)
    const last = chronicle.count
    for (const sequence of [last, 5, 64, 65, 66, 1, 130, 129, last - 1, 63, 128]) {
      const expected = yield* (yield* stateOf(known, { source, sequence }, actor.stream)).past
      const standing = yield* track.at(sequence)
      assert.deepStrictEqual(whole(standing), JSON.parse(expected.state.json), `after ${sequence}`)
      assert.strictEqual(standing.sequence, expected.sequence)
    }
    assert.strictEqual((yield* track.at(0)).sequence, 0)
  })
)

it.scoped("who set a field last", () =>
  Effect.gen(function* () {
    const { actor, chronicle, source } = yield* world
    const track = yield* loadTrack(known, source, actor)
    for (const sequence of [chronicle.count, 150, 64, 20]) {
      for (const field of ["position", "turns", "registers.bank0.1", "files.0.lines"]) {
        const { history } = yield* Effect.orElseSucceed(blame(known, source, actor.stream, field, sequence), () => ({
          history: []
        }))
        const found = [...track.settings(field, sequence)].filter((setting) => setting !== undefined)
        assert.deepStrictEqual(
          found.map((setting) => [setting.envelope.sequence, setting.old, setting.new]),
          history.toReversed().map((setting) => [setting.moment.envelope.sequence, setting.old, setting.new]),
          `${field} up to ${sequence}`
        )
      }
    }
    assert.isTrue([...track.settings("nothing", chronicle.count)].every((setting) => setting === undefined))
  })
)

it.scoped("what changed between two of its states", () =>
  Effect.gen(function* () {
    const { actor, source } = yield* world
    const track = yield* loadTrack(known, source, actor)
    const [one, other] = [yield* track.at(10), yield* track.at(120)]
    assert.sameDeepMembers([...diffStandings(one, other)], [...diffJson(whole(one), whole(other))])
    assert.deepStrictEqual(diffStandings(one, one), [])
    assert.deepStrictEqual(diffStandings(undefined, one), [])
  })
)

it.scoped("a behavior that is not known has no states", () =>
  Effect.gen(function* () {
    const { actor, source } = yield* world
    const error = yield* Effect.flip(loadTrack({ registry: new Map() }, source, actor))
    assert.strictEqual(error._tag, "UnknownBehavior")
    const track = yield* loadTrack(known, source, actor)
    assert.isTrue(Either.isRight(track.at(3)))
  })
)
