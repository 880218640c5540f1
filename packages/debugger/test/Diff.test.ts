/** Differences of JSON values: they say all, in one order, and can be applied. */
import { assert, it } from "@effect/vitest"
import { applyChanges, diffJson, formatPath } from "@stopcopy/debugger"
import { FastCheck } from "effect"

const lines = (before: unknown, after: unknown) =>
  diffJson(before, after).map(({ kind, path, ...values }) => `${kind} ${formatPath(path)} ${JSON.stringify(values)}`)

it("names every field that was added, removed or changed, arrays by index", () => {
  const before = { a: 1, b: { c: [1, 2, 3] }, "x.y": { z: true }, gone: null }
  const after = { b: { c: [1, 5] }, "x.y": { z: false }, a: 1, fresh: { d: 1 } }
  assert.deepStrictEqual(lines(before, after), [
    'changed b.c.1 {"old":2,"new":5}',
    'removed b.c.2 {"old":3}',
    'changed x.y.z {"old":true,"new":false}',
    'removed gone {"old":null}',
    'added fresh {"new":{"d":1}}'
  ])
})

it("the order of keys says nothing; another kind of value is one change", () => {
  assert.deepStrictEqual(lines({ a: 1, b: 2 }, { b: 2, a: 1 }), [])
  assert.deepStrictEqual(lines([1], { 0: 1 }), ['changed  {"old":[1],"new":{"0":1}}'])
  assert.deepStrictEqual(lines({ a: null }, { a: {} }), ['changed a {"old":null,"new":{}}'])
  assert.deepStrictEqual(lines(1, 2), ['changed  {"old":1,"new":2}'])
})

it("a change whose place is not there changes nothing", () => {
  assert.strictEqual(applyChanges(1, [{ kind: "changed", path: ["a"], old: 1, new: 2 }]), 1)
})

const value = FastCheck.jsonValue({ maxDepth: 4 })

it.prop("the changes from A to B, applied to A, give B; none are left then", [value, value], ([before, after]) => {
  // Through text, as states come: it has no negative zero.
  const [a, b] = [before, after].map((each): unknown => JSON.parse(JSON.stringify(each)))
  const result = applyChanges(a, diffJson(a, b))
  assert.deepStrictEqual(diffJson(result, b), [])
  assert.deepStrictEqual(diffJson(a, a), [])
  assert.deepStrictEqual(diffJson(a, b), diffJson(a, b))
})
