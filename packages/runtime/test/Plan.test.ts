/** What becomes of a group of requests: each on top of those before it, and what a refused one does to those behind it (D2). */
import { assert, it } from "@effect/vitest"
import { maxBatchRecords } from "@stopcopy/runtime"
import type { AppendRequest } from "@stopcopy/runtime"
import { Either } from "effect"
import { planGroup } from "../src/Plan.ts"
import { json, own, request } from "./journal.contract.ts"

const one = (stream: string, expected: number) => request([own(stream, expected)], [json(1)])

/** For each request the sequence of its first event, or the conflict as `expected/actual`. */
const plan = (group: ReadonlyArray<AppendRequest>, versions: Readonly<Record<string, number>> = {}) =>
  planGroup(group, { batch: 10, sequence: 100 }, (stream) => versions[stream] ?? 0).map((planned) =>
    Either.match(planned, {
      onLeft: (refused) =>
        refused._tag === "VersionConflict" ? `${refused.expected}/${refused.actual}` : refused._tag,
      onRight: ({ firstSequence }) => firstSequence
    })
  )

it("D2: each request of a group is planned on top of those before it", () => {
  assert.deepStrictEqual(plan([one("a", 0), one("b", 3), one("a", 1), one("a", 2)], { b: 3 }), [101, 102, 103, 104])
})

it("D2: two requests that are late alike are both refused: the first does not make the second right", () => {
  assert.deepStrictEqual(plan([one("a", 3), one("a", 3), one("a", 4)], { a: 5 }), ["3/5", "3/5", "4/3"])
})

it("D2: what was decided on a refused request is refused, even where it expects what is true", () => {
  assert.deepStrictEqual(plan([one("a", 3), one("a", 5), one("b", 0)], { a: 5 }), ["3/5", "5/3", 101])
})

it("D2: a refused request harms none that was decided without it", () => {
  const record = json(1)
  const large = { ...one("a", 5), records: Array.from({ length: maxBatchRecords + 1 }, () => record) }
  assert.deepStrictEqual(plan([large, one("a", 5), one("a", 6)], { a: 5 }), ["AppendTooLarge", 101, "6/5"])
})

it("D2: being refused goes from stream to stream", () => {
  const both = request([own("a", 6), own("b", 0)], [json(1), json(2, 1)])
  assert.deepStrictEqual(plan([one("a", 4), both, one("b", 1), one("c", 0)], { a: 5 }), ["4/5", "6/4", "1/0", 101])
})
