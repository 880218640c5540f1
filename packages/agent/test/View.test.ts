/** How two sides are compared. */
import { assert, describe, it } from "@effect/vitest"
import { Views } from "@stopcopy/agent"

describe("two views", () => {
  it("the first field that differs is named, with both values", () => {
    const source = { a: { x: "1", y: "2" }, b: { z: "3" } }
    assert.isUndefined(Views.firstDifference(source, structuredClone(source)))
    assert.deepStrictEqual(Views.firstDifference(source, { ...source, a: { x: "1", y: "9" }, b: {} }), {
      field: "a.y",
      source: "2",
      destination: "9"
    })
  })

  it("what only one side has differs too", () => {
    assert.deepStrictEqual(Views.firstDifference({ a: { x: "1" } }, {}), {
      field: "a.x",
      source: "1",
      destination: "absent"
    })
    assert.deepStrictEqual(Views.firstDifference({}, { a: { x: "1" } }), {
      field: "a.x",
      source: "absent",
      destination: "1"
    })
  })

  it("digests name the sections", () => {
    const digests = (sections: Readonly<Record<string, string>>) => ({ sections, whole: "" })
    assert.deepStrictEqual(
      Views.differingSections(digests({ a: "1", b: "2", c: "3" }), digests({ a: "1", b: "9", d: "4" })),
      ["b", "c", "d"]
    )
  })
})
