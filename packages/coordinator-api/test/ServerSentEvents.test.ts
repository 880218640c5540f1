/** Server-sent events, in pieces as they may arrive. Source: "Server-sent events" of the HTML standard. */
import { assert, it } from "@effect/vitest"
import { assertLeft, assertRight } from "@effect/vitest/utils"
import { messageLimit, MessageReader } from "@stopcopy/coordinator-api"
import { Array as Arr, Either } from "effect"

const read = (...pieces: ReadonlyArray<string>) => {
  const reader = new MessageReader()
  return Arr.getRights(pieces.map((piece) => reader.read(piece))).flat()
}

it("a message has its event, its data and its id", () => {
  assert.deepStrictEqual(read("id: 7\nevent: event\ndata: {}\n\n"), [{ event: "event", data: "{}", id: "7" }])
})

it("a piece may end anywhere, also between the halves of a line's end", () => {
  const whole = 'id: 1\r\nevent: event\r\ndata: {"a":1}\r\n\r\nid: 2\r\ndata: b\r\n\r\n'
  const expected = [
    { event: "event", data: '{"a":1}', id: "1" },
    { event: "message", data: "b", id: "2" }
  ]
  assert.deepStrictEqual(read(...whole), expected)
  for (let cut = 1; cut < whole.length; cut++) {
    assert.deepStrictEqual(read(whole.slice(0, cut), whole.slice(cut)), expected, `cut at ${cut}`)
  }
})

it("lines of data are joined, comments and unknown fields say nothing, one space is no part of a value", () => {
  assert.deepStrictEqual(read(": hello\nretry: 5\ndata:  a\ndata:b\ndata\n\n"), [
    { event: "message", data: " a\nb\n", id: "" }
  ])
})

it("an id stays until another comes; what has no data is no message", () => {
  assert.deepStrictEqual(
    read("id: 3\n\n", "data: x\n\n").map(({ data, id }) => [data, id]),
    [["x", "3"]]
  )
})

it("a message that does not end is not kept for ever", () => {
  const reader = new MessageReader()
  assertRight(reader.read("data: "), [])
  assertLeft(reader.read("x".repeat(messageLimit + 1)), `a message has more than ${messageLimit} characters`)
  const lines = new MessageReader()
  const results = Array.from({ length: 6 }, () => lines.read(`data: ${"x".repeat(1024 * 1024)}\n`))
  assert.isTrue(results.some(Either.isLeft))
})
