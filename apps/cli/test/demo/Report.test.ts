/** The demo's tables. */
import { assert, it } from "@effect/vitest"
import { downtimeLines } from "../../src/demo/Downtimes.ts"
import type { AllChecked, Checked } from "../../src/demo/Replayed.ts"
import { filesLines, isBalanced, isSame, replayedLines, requestsLines } from "../../src/demo/Report.ts"
import { completed } from "../operate/world.ts"

const digest = "0123456789abcdef0123"

const guest: Checked = {
  guest: "vm-0",
  migration: "m-1",
  source: "a/vf0",
  destination: "a/vf3",
  digest,
  accounts: [],
  replayed: { alpha: { sequence: 7, digest }, beta: { sequence: 9, digest } },
  counts: { published: 10, executed: 10, placed: 10 },
  findings: []
}

const events = { alpha: 12, beta: 1, coordinator: 3 }
const checked = (...guests: ReadonlyArray<Checked>): AllChecked => ({ guests, events })
const answered = [{ guest: "vm-0", passage: { live: 1, last: 1, before: 4, until: 7 }, taken: 10, wrong: 0 }]

it("digests that both journals give are equal, any other is shown beside the one that was recorded", () => {
  assert.isTrue(isSame(guest))
  assert.deepStrictEqual(replayedLines(checked(guest)), [
    "  guest  on alpha, STOP_COPY  on beta, STOP  digest",
    "  vm-0   a/vf0 after 7        a/vf3 after 9  0123456789abcdef  equal",
    "  Both journals give the digests that the coordinator saw before each commit; all hash chains are whole."
  ])
  const lost = { ...guest, replayed: { ...guest.replayed, beta: { sequence: undefined, digest: "" } } }
  assert.isFalse(isSame(lost))
  const [, line, verdict] = replayedLines(checked(lost))
  assert.match(line ?? "", /a\/vf3 after \(no event\) .* DIFFERENT, replayed 0123456789abcdef and none$/)
  assert.strictEqual(verdict, "  The replay differs.")
})

it("requests are told by when they were answered, with what is wrong with them", () => {
  assert.isTrue(isBalanced(checked(guest), answered))
  assert.deepStrictEqual(requestsLines(answered, checked(guest)), [
    "  guest  on alpha  on its way  on beta  all  wrong  ledger",
    "  vm-0          4           3        3   10      0  balanced",
    "  The ledger is balanced: each of 10 requests was executed once, and has exactly one response."
  ])
  const bad = { ...guest, findings: [{ fault: "lost tail", bank: 2, ring: 0, index: 9 } as const] }
  assert.isFalse(isBalanced(checked(bad), answered))
  assert.deepStrictEqual(requestsLines(answered, checked(bad)).slice(1), [
    "  vm-0          4           3        3   10      0  10 published, 10 executed, 10 answered, 1 finding",
    "  The ledger has 1 finding:",
    "  vm-0: lost tail: request 9 of bank 2, ring 0"
  ])
})

it("a guest that took another number of answers than the journals have is no balance", () => {
  const other = answered.map((one) => ({ ...one, taken: 9 }))
  assert.isFalse(isBalanced(checked(guest), other))
  assert.include(requestsLines(other, checked(guest))[1], "10 published, 10 executed, 10 answered, 0 findings")
})

it("downtimes are milliseconds by cause", () => {
  assert.deepStrictEqual(downtimeLines([completed, { ...completed, group: "web-2", downtime: null }]), [
    "guest         whole  drain  stop  save  transfer  load  verify  vote  commit  resume  other",
    "web-1          11.9    1.2   0.3   2.1       0.9   3.0     0.8   0.0     2.4     1.1    0.1",
    "web-2  not measured"
  ])
})

it("journals are listed with a command that reads them; a path that a shell would split is quoted", () => {
  const journals = { alpha: "/tmp/it's", beta: "/tmp/b.db", coordinator: "/tmp/c.db" }
  assert.deepStrictEqual(filesLines({ journals, events, program: "stopcopy", migration: "m-1" }), [
    "  alpha        /tmp/it's  12 events",
    "  beta         /tmp/b.db  1 event",
    "  coordinator  /tmp/c.db  3 events",
    "  the first migration in one timeline of both hosts and the coordinator:",
    "    stopcopy replay '/tmp/it'\\''s' /tmp/b.db /tmp/c.db --correlation m-1"
  ])
})
