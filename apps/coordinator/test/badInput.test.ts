/** Each wrong request gets its own clear error, and changes nothing: the journal has what it had. */
import { assert, describe, it } from "@effect/vitest"
import { ApiError } from "@stopcopy/coordinator-api"
import { Effect, Schema } from "effect"
import { type Sent, send } from "./support/requests.ts"
import { pair, startCoordinator } from "./support/world.ts"
import { table } from "./support/wrongRequests.ts"

/** Where a host is nobody knows before it is served. */
const withAddress = (sent: Sent, address: string): Sent =>
  JSON.stringify(sent.body ?? "").includes("ADDRESS OF beta") ? { ...sent, body: { name: "alpha", address } } : sent

const decode = Schema.decodeUnknownEither(ApiError)

describe("a wrong request", () => {
  it.scopedLive("gets its own error, and changes nothing", () =>
    Effect.gen(function* () {
      const one = yield* startCoordinator()
      const hosts = yield* pair(one)
      yield* one.client.groups.define({ path: { group: "known" }, payload: { host: "alpha", devices: ["pf0/vf1"] } })
      const before = yield* one.journal.head()
      for (const { code, says, sent, status, what } of table) {
        const answered = yield* send(one.url, withAddress(sent, hosts.beta.address))
        const place = `${what}: ${answered.status} ${answered.text}`
        assert.strictEqual(answered.status, status, place)
        const error = decode(answered.json)
        assert.strictEqual(error._tag, "Right", place)
        if (error._tag === "Left") continue
        assert.strictEqual(error.right.code, code, place)
        assert.match(error.right.message, says, place)
        assert.deepStrictEqual(yield* one.journal.head(), before, place)
      }
    }).pipe(Effect.timeout("30 seconds"))
  )

  it("is in the table once", () => {
    const asked = table.map(({ sent }) => JSON.stringify(sent))
    assert.strictEqual(new Set(asked).size, asked.length)
  })
})
