/** The streams of an actor read as one while others append to them, between any two reads. */
import { assert, it } from "@effect/vitest"
import type { Cursor, JournalDriver } from "@stopcopy/runtime"
import { Effect } from "effect"
import { actorCursor, foldCursor } from "../src/Merge.ts"
import { makeMemoryDriver } from "../src/MemoryDriver.ts"
import { json, own, request } from "./journal.contract.ts"

/** Reads of the journal that are tried as the place of the other writer: more than a cursor makes here. */
const places = 16

const owned = (name: string, expected: number) => ({ ...own(`a/${name}`, expected), owner: "a" })

/** A journal with an actor `a`, to which somebody appends before read number `place`: to its own stream, to one it owns, to a new one. */
const busyJournal = (place: number) => {
  const memory = makeMemoryDriver("7".repeat(32))
  let reads = 0
  const append = (...requests: ReadonlyArray<Parameters<JournalDriver["commit"]>[0][number]>) =>
    memory.commit(requests, "written")
  append(request([own("a", 0), owned("f", 0)], [json(1), json(2, 1)]))
  const between = <A, E>(read: () => Effect.Effect<A, E>): Effect.Effect<A, E> => {
    if (reads++ === place) {
      append(request([own("a", 1)], [json(3)]), request([owned("f", 1)], [json(4)]))
      append(request([owned("g", 0)], [json(5)]), request([own("a", 2)], [json(6)]))
    }
    return read()
  }
  const driver: JournalDriver = {
    ...memory,
    get anchor() {
      return memory.anchor
    },
    head: () => between(memory.head),
    streams: (family) => between(() => memory.streams(family)),
    recordsOf: (stream, after, limit) => between(() => memory.recordsOf(stream, after, limit)),
    runsOf: (stream, after, limit) => between(() => memory.runsOf(stream, after, limit))
  }
  return driver
}

const drained = <A extends { readonly sequence: number }>(cursor: Cursor<A>) =>
  Effect.gen(function* () {
    const sequences: Array<number> = []
    for (let page = yield* cursor.next(); page.length > 0; page = yield* cursor.next()) {
      sequences.push(...page.map(({ sequence }) => sequence))
    }
    return sequences
  })

for (const [name, open] of Object.entries({ history: actorCursor, "to fold": foldCursor })) {
  it.effect(`${name}: events come in global order, whenever another writer appends, and none is left out`, () =>
    Effect.gen(function* () {
      for (let place = 0; place < places; place++) {
        const cursor: Cursor<{ readonly sequence: number }> = open(busyJournal(place), "a", new Map())
        const before = yield* drained(cursor)
        const sequences = [...before, ...(yield* drained(cursor))]
        const all = before.length === 2 && sequences.length === 2 ? [1, 2] : [1, 2, 3, 4, 5, 6]
        assert.deepStrictEqual(sequences, all, `another writer before read ${place}`)
      }
    })
  )
}

it.effect("an actor without events has none to give, and gives them once they are there", () =>
  Effect.gen(function* () {
    const memory = makeMemoryDriver("7".repeat(32))
    const cursor = actorCursor(memory, "a", new Map())
    assert.deepStrictEqual(yield* cursor.next(), [])
    yield* memory.commit([request([own("a", 0)], [json(1)])], "written")
    assert.deepStrictEqual(yield* drained(cursor), [1])
  })
)
