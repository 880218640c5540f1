/** A table does what a map does, and equal contents are equal arrays. */
import { assert, it } from "@effect/vitest"
import { FastCheck } from "effect"
import * as Tables from "../../src/internal/Table.ts"

interface Entry {
  readonly id: string
  readonly value: number
}

const steps = FastCheck.array(
  FastCheck.record({ id: FastCheck.string({ maxLength: 2 }), value: FastCheck.integer(), removes: FastCheck.boolean() })
)

it.prop("a table is a map in the order of its ids", [steps], ([all]) => {
  const map = new Map<string, Entry>()
  let table: Tables.Table<Entry> = []
  for (const { id, removes, value } of all) {
    const before = [...table]
    const next = removes ? Tables.remove(table, id) : Tables.set(table, { id, value })
    if (removes) map.delete(id)
    else map.set(id, { id, value })
    assert.deepStrictEqual(table, before, "what was is not changed")
    table = next
    assert.deepStrictEqual(Tables.get(table, id), map.get(id))
    assert.strictEqual(Tables.has(table, id), map.has(id))
  }
  assert.deepStrictEqual(
    [...table],
    [...map.values()].sort((one, other) => (one.id < other.id ? -1 : 1))
  )
})

it("updates what is there and nothing else", () => {
  const table = [{ id: "a", value: 1 }]
  const more = (entry: Entry): Entry => ({ ...entry, value: entry.value + 1 })
  assert.deepStrictEqual(Tables.update(table, "a", more), [{ id: "a", value: 2 }])
  assert.strictEqual(Tables.update(table, "b", more), table)
})
