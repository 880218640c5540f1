/** What is looked at, as an address and back; which events are listed; going to and fro. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { indexUpTo, noFilter, placesLater, placesNow } from "../../src/travel/Filter.ts"
import { clockText, placeOf, placeText, spanText } from "../../src/travel/Place.ts"
import { type Addresses, Travelling } from "../../src/travel/Travelling.ts"
import { actorText, queryOf, shownActor, type View, viewOf } from "../../src/travel/View.ts"
import { smallJourney } from "./journeys.ts"

const now = () => Promise.resolve()

it.live("an address names everything that is looked at, and gives it back", () =>
  Effect.gen(function* () {
    const { chronicle } = yield* smallJourney
    const view: View = {
      cursor: 3,
      markA: -1,
      markB: 5,
      actor: 1,
      field: "registers.bank0.0",
      panel: "block",
      filter: { source: 1, actor: 1, type: 2, failures: true, from: 1, to: 5, text: "a&b=c" }
    }
    const query = queryOf(chronicle, view)
    assert.deepStrictEqual(viewOf(chronicle, new URLSearchParams(query.toString())), view)
    assert.strictEqual(query.get("at"), "source:3")
    assert.strictEqual(query.get("a"), "start")
    const plain: View = {
      ...view,
      markA: undefined,
      markB: undefined,
      actor: undefined,
      field: undefined,
      panel: "changes",
      filter: noFilter
    }
    assert.strictEqual(queryOf(chronicle, plain).toString(), "at=source%3A3")
  })
)

it.live("what an address names and is not there is left out", () =>
  Effect.gen(function* () {
    const { chronicle } = yield* smallJourney
    const view = viewOf(
      chronicle,
      new URLSearchParams("at=beta:7&a=source:99&actor=source:vf/none&panel=dance&type=None")
    )
    assert.deepStrictEqual(
      [view.cursor, view.markA, view.actor, view.panel, view.filter.type],
      [0, undefined, undefined, "changes", undefined]
    )
    assert.deepStrictEqual([shownActor(chronicle, view), actorText(chronicle, 1)], [0, "source:vf/pf0/vf0"])
  })
)

it.live("places and times in words", () =>
  Effect.gen(function* () {
    const { chronicle } = yield* smallJourney
    assert.deepStrictEqual([placeText(chronicle, 1), placeText(chronicle, -1)], ["source:1", "start"])
    assert.deepStrictEqual(
      ["source:5", "start", "source:0", "nobody:1", "17"].map((text) => placeOf(chronicle, text)),
      [5, -1, undefined, undefined, undefined]
    )
    assert.strictEqual(clockText(1_700_000_000_001_002), "22:13:20.001002")
    assert.deepStrictEqual([999, 1500, 25_000, 2_500_000].map(spanText), ["999 µs", "1.50 ms", "25.0 ms", "2.50 s"])
  })
)

it.live("a filter lets through what every condition holds for", () =>
  Effect.gen(function* () {
    const { chronicle } = yield* smallJourney
    const places = (filter: Partial<typeof noFilter>) => Array.from(placesNow(chronicle, { ...noFilter, ...filter }))
    assert.deepStrictEqual(places({ source: 1 }), [1, 2, 3, 4, 5])
    assert.deepStrictEqual(places({ failures: true }), [5])
    assert.deepStrictEqual(places({ type: chronicle.types.indexOf("ArcTaken") }), [1, 4])
    assert.deepStrictEqual(places({ source: 1, from: 4, to: 2 }), [2, 3, 4])
    const searched = (text: string) =>
      Effect.promise(async () =>
        Array.from((await placesLater(chronicle, { ...noFilter, text }, () => false, now)) ?? [])
      )
    assert.deepStrictEqual(yield* searched("xyzzy"), [6])
    assert.deepStrictEqual(yield* searched("stop_copy"), [4])
    assert.deepStrictEqual(yield* searched("nowhere"), [])
    assert.isUndefined(yield* Effect.promise(() => placesLater(chronicle, noFilter, () => true, now)))
    assert.deepStrictEqual(
      [0, 2, 3, 9].map((place) => indexUpTo(Uint32Array.from([2, 5]), place)),
      [-1, 0, 0, 1]
    )
  })
)

/** An address bar with its history. */
const bar = (first = "") => {
  const history = [first]
  let listener = () => undefined
  const addresses: Addresses = {
    query: () => history.at(-1) ?? "",
    show: (query, isNew) => void (isNew ? history.push(query) : (history[history.length - 1] = query)),
    onMove: (called) => {
      listener = () => void called()
      return () => undefined
    }
  }
  const back = () => {
    history.pop()
    listener()
  }
  return { addresses, history, back }
}

it.live("jumps can be gone back from, and steps keep to what is listed", () =>
  Effect.gen(function* () {
    const journey = yield* smallJourney
    const { addresses, back, history } = bar("at=source:1")
    const travelling = new Travelling(journey, addresses)
    const end = travelling.begin()
    const at = () => travelling.view.get().cursor
    assert.strictEqual(at(), 1)
    travelling.jump({ cursor: 5 })
    travelling.jump({ cursor: 99 })
    assert.deepStrictEqual([at(), history.length], [6, 3])
    back()
    assert.strictEqual(at(), 5)
    travelling.filter({ type: journey.chronicle.types.indexOf("ArcTaken") })
    travelling.scrub(3)
    travelling.step(1)
    assert.strictEqual(at(), 4)
    travelling.scrub(3)
    travelling.step(-1)
    assert.strictEqual(at(), 1)
    travelling.step(-1)
    assert.strictEqual(at(), 1)
    travelling.clearFilter()
    travelling.step(-5)
    assert.strictEqual(at(), -1)
    travelling.typing("xyzzy")
    assert.isTrue(travelling.listed.get().isSearching)
    end()
    assert.include(history.at(-1) ?? "", "text=xyzzy")
  })
)
