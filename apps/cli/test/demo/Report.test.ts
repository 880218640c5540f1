/** The demo's texts. */
import { assert, it } from "@effect/vitest"
import type { Checked, Replayed } from "../../src/demo/Replayed.ts"
import { durationText, isSame, refusalText, replayedText, reportText, requestsText } from "../../src/demo/Report.ts"

const replayed: Replayed = {
  side: "source",
  stream: "vf/a/vf0",
  migration: "demo/moved",
  to: "STOP_COPY",
  digest: "0123456789abcdef0123",
  sequence: 7,
  again: "0123456789abcdef0123"
}

const checked: Checked = {
  replayed: [replayed],
  events: { source: 12, destination: 1 },
  counts: { published: 10, executed: 10, placed: 10 },
  findings: []
}

const report = (source: string) =>
  reportText({
    migrated: {
      setup: { bytes: 90, chunks: 2 },
      state: { bytes: 4006, chunks: 9 },
      pages: { live: 100, last: 3 },
      blackout: { drain: 1e6, stop: 5e5, transfer: 3e6, load: 4e6, epoch: 1e6, resume: 5e5 },
      epoch: 1,
      digests: { sections: {}, whole: "00" }
    },
    checked,
    journals: { source, destination: "/tmp/b.db" },
    program: "stopcopy",
    migration: "demo/moved"
  })

it("durations are milliseconds with three digits", () => {
  assert.strictEqual(durationText(1_234_567), "1.235 ms")
})

it("the report adds up what the migration took", () => {
  assert.deepStrictEqual(report("/tmp/a.db"), [
    "  block       4096 bytes (setup part 90, rest 4006)",
    "  memory      100 pages while the guest worked, 3 after it had stopped",
    "  blackout    10.000 ms, of which the guest stood still for 9.000 ms",
    "    drain      1.000 ms",
    "    stop       0.500 ms",
    "    transfer   3.000 ms",
    "    load       4.000 ms",
    "    epoch      1.000 ms",
    "    resume     0.500 ms",
    "  journals    /tmp/a.db  12 events",
    "              /tmp/b.db  1 event",
    "  replay      stopcopy replay /tmp/a.db /tmp/b.db --correlation demo/moved"
  ])
})

it("a path that a shell would split is quoted", () => {
  assert.include(report("/tmp/it's").at(-1), "stopcopy replay '/tmp/it'\\''s' /tmp/b.db")
})

it("a digest that the journal does not give stands beside the one that was seen", () => {
  assert.isTrue(isSame([replayed]))
  assert.deepStrictEqual(replayedText([replayed]), [
    "  source, in STOP_COPY  vf/a/vf0 after event 7  0123456789abcdef  equal",
    "  States and digests are those that were seen live; the hash chains are whole."
  ])
  const other = { ...replayed, sequence: undefined, again: "" }
  assert.isFalse(isSame([replayed, other]))
  const [line, verdict] = replayedText([other])
  assert.match(line ?? "", /after event \(none\) .* DIFFERENT, live 0123456789abcdef$/)
  assert.strictEqual(verdict, "  The replay differs.")
})

it("requests are told by when they were answered, with what is wrong with them", () => {
  const answers = { before: 1, refused: 2, during: 3, after: 4 }
  assert.deepStrictEqual(requestsText(answers, checked, 0).slice(-3), [
    "  all                   10, every result is right",
    "  ledger                10 published, 10 executed, 10 answered, 10 taken by the guest",
    "  The ledger is balanced: every request has exactly one response."
  ])
  const findings = [{ fault: "lost tail", bank: 2, ring: 0, index: 9 }] as const
  assert.deepStrictEqual(requestsText(answers, { ...checked, findings }, 1).slice(-4), [
    "  all                   10, 1 WRONG",
    "  ledger                10 published, 10 executed, 10 answered, 10 taken by the guest",
    "  The ledger has 1 finding:",
    "  lost tail: request 9 of bank 2, ring 0"
  ])
})

it("a refusal names the capabilities that are missing", () => {
  const refusal = {
    code: "mstate.gencap.superset",
    rule: "every capability",
    where: "CONFIG/gencap",
    source: "0x1000021",
    destination: "0x1",
    remedy: "another PF"
  }
  const lines = refusalText("Invalid argument", refusal)
  assert.include(lines, "  missing      compression (bit 5), LZ4 (bit 24)")
  assert.include(lines, "  error        Invalid argument [mstate.gencap.superset]")
  assert.deepStrictEqual(refusalText("Invalid argument", undefined), ["  Invalid argument; no reason was given"])
})
