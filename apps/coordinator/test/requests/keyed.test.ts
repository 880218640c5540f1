/** An idempotency key with a change that needs none: it is carried out once, whatever others changed since, and stands for nothing else. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { type Sent, send } from "../support/requests.ts"
import { pair, startCoordinator } from "../support/world.ts"

const api = "/api/v1"
const keyOf = (name: string) => ({ "idempotency-key": `key-of-${name}` })

/** A change, what is then changed without a key, and another request that the key does not stand for. */
interface Story {
  readonly name: string
  readonly change: Sent
  readonly status: number
  readonly between: Sent
  readonly other: Sent
}

const post = (path: string, body?: unknown): Sent => ({ method: "POST", path: `${api}${path}`, body })
const put = (path: string, body: unknown): Sent => ({ method: "PUT", path: `${api}${path}`, body })
const remove = (path: string): Sent => ({ method: "DELETE", path: `${api}${path}` })

const group = { host: "alpha", devices: ["pf0/vf0"] }

const stories: ReadonlyArray<Story> = [
  {
    name: "cordon",
    change: post("/hosts/beta/cordon", { reason: "first" }),
    status: 200,
    between: post("/hosts/beta/uncordon"),
    other: post("/hosts/beta/cordon", { reason: "second" })
  },
  {
    name: "cordonPf",
    change: post("/hosts/beta/pfs/pf0/cordon", { reason: "first" }),
    status: 200,
    between: post("/hosts/beta/pfs/pf0/uncordon"),
    other: post("/hosts/alpha/pfs/pf0/cordon", { reason: "first" })
  },
  {
    name: "define",
    change: put("/groups/vm1", group),
    status: 200,
    between: put("/groups/vm1", { ...group, devices: ["pf0/vf1"] }),
    other: put("/groups/vm2", group)
  },
  {
    name: "forget",
    change: remove("/groups/vm1"),
    status: 204,
    between: put("/groups/vm1", group),
    other: remove("/groups/vm2")
  },
  {
    name: "remove",
    change: remove("/hosts/alpha"),
    status: 204,
    between: post("/hosts/beta/cordon", { reason: "something" }),
    other: remove("/hosts/beta")
  },
  {
    name: "uncordon",
    change: post("/hosts/beta/uncordon"),
    status: 200,
    between: post("/hosts/beta/cordon", { reason: "again" }),
    other: post("/hosts/alpha/uncordon")
  }
]

it.scopedLive("the key of a change stands for it alone, and repeats its answer without carrying it out again", () =>
  Effect.gen(function* () {
    const one = yield* startCoordinator()
    yield* pair(one)
    for (const { between, change, name, other, status } of stories) {
      const keyed = (sent: Sent) => send(one.url, { ...sent, headers: keyOf(name) })
      const first = yield* keyed(change)
      assert.strictEqual(first.status, status, `${name}: ${first.text}`)
      assert.isBelow((yield* send(one.url, between)).status, 300, name)
      const { sequence } = yield* one.journal.head()
      const again = yield* keyed(change)
      assert.deepStrictEqual([again.status, again.text], [status, first.text], name)
      const refused = yield* keyed(other)
      assert.strictEqual(refused.status, 409, `${name}: ${refused.text}`)
      assert.include(refused.text, "idempotency.other-body", name)
      assert.strictEqual((yield* one.journal.head()).sequence, sequence, `${name}: nothing was changed`)
    }
  }).pipe(Effect.timeout("30 seconds"))
)
