/** Drivers over the memory journal that do what a test tells them: answer late, fail, break, and write down what they were asked. */
import type { AppendAnswer, AppendRequest, CommitError, Durability, JournalDriver } from "@stopcopy/runtime"
import { Effect, Either } from "effect"
import { makeMemoryDriver } from "../src/MemoryDriver.ts"
import { mapNow } from "../src/Now.ts"

/** Holds calls back while it is closed. */
export class Gate {
  private isOpen = true
  private waiting: Array<() => void> = []

  /** Calls that wait. */
  get held(): number {
    return this.waiting.length
  }

  close(): void {
    this.isOpen = false
  }

  /** Lets everything go on, and all that comes. */
  open(): void {
    this.isOpen = true
    for (const go of this.waiting.splice(0)) go()
  }

  /** Lets the one go on that waits longest. */
  step(): void {
    this.waiting.shift()?.()
  }

  /** Runs `go` later: when the gate is open, at the earliest in a microtask. */
  enter(go: () => void): void {
    if (this.isOpen) queueMicrotask(go)
    else this.waiting.push(go)
  }
}

/** What the next commit does instead of committing. */
type Fault = { readonly fails: CommitError } | { readonly dies: string } | { readonly throws: string }

type Commit = JournalDriver["commit"]

export class Script {
  /** Every commit: the streams of its requests, in their order, and its durability. */
  readonly commits: Array<{ readonly streams: ReadonlyArray<string>; readonly durability: Durability }> = []
  /** Commits that are under way. */
  underway = 0
  /** What the next commits do; then they commit. */
  readonly faults: Array<Fault> = []
  /** Changes the answers of the next commits. */
  readonly twists: Array<(answers: ReadonlyArray<AppendAnswer>) => ReadonlyArray<AppendAnswer>> = []

  run(commit: Commit, group: ReadonlyArray<AppendRequest>, durability: Durability): ReturnType<Commit> {
    this.commits.push({ streams: group.map(({ streams }) => streams[0]?.stream ?? ""), durability })
    const fault = this.faults.shift()
    if (fault === undefined) {
      const twist = this.twists.shift()
      const answers = commit(group, durability)
      return twist === undefined ? answers : mapNow(answers, twist)
    }
    if ("throws" in fault) throw new Error(fault.throws)
    return "dies" in fault ? Effect.die(new Error(fault.dies)) : Either.left(fault.fails)
  }
}

const journalId = "5".repeat(32)

/** A synchronous driver by a script. */
export const scriptedDriver = (script: Script): JournalDriver => {
  const memory = makeMemoryDriver(journalId)
  return overlaid(memory, { commit: (group, durability) => script.run(memory.commit, group, durability) })
}

/** An asynchronous driver by a script: every call answers later, when its gate lets it. Never two commits at once. */
export const asynchronousDriver = (
  script: Script,
  { commits, reads }: { readonly commits: Gate; readonly reads: Gate } = { commits: new Gate(), reads: new Gate() }
): JournalDriver => {
  const memory = makeMemoryDriver(journalId)
  const later =
    (gate: Gate) =>
    <A, E>(run: () => Effect.Effect<A, E>): Effect.Effect<A, E> =>
      Effect.async((resume) => gate.enter(() => resume(Effect.suspend(run))))
  const read = later(reads)
  const write = later(commits)
  return overlaid(memory, {
    synchronous: false,
    commit: (group, durability) =>
      Effect.suspend(() => {
        if (++script.underway > 1) throw new Error("two commits at once")
        return Effect.ensuring(
          write(() => script.run(memory.commit, group, durability)),
          Effect.sync(() => script.underway--)
        )
      }),
    sync: () => write(memory.sync),
    head: () => read(memory.head),
    records: (after, limit) => read(() => memory.records(after, limit)),
    recordsOf: (stream, after, limit) => read(() => memory.recordsOf(stream, after, limit)),
    runsOf: (stream, after, limit) => read(() => memory.runsOf(stream, after, limit)),
    streams: (family) => read(() => memory.streams(family)),
    batches: (after, limit) => read(() => memory.batches(after, limit)),
    lastBase: (stream, upTo) => read(() => memory.lastBase(stream, upTo)),
    snapshot: (stream, upTo) => read(() => memory.snapshot(stream, upTo)),
    snapshots: (after, limit) => read(() => memory.snapshots(after, limit)),
    saveSnapshot: (snapshot) => write(() => memory.saveSnapshot(snapshot)),
    redact: (redaction) => write(() => memory.redact(redaction)),
    removeBefore: (batch) => write(() => memory.removeBefore(batch)),
    check: () => read(memory.check)
  })
}

/** `driver` with other answers; what it is not told stays as it is at the moment of the call. */
const overlaid = (driver: JournalDriver, other: Partial<JournalDriver>): JournalDriver => ({
  ...driver,
  get anchor() {
    return driver.anchor
  },
  ...other
})
