/**
 * Runs clauses against a server, one after the other, each on a connection of its own.
 *
 * K1 A clause that opens negotiated begins with a device that is RUNNING: what the one before left is reset.
 * K2 A clause that fails says nothing of the next one. A server that takes no connection any more fails all that are left.
 * K3 At the end the device is RUNNING and was reset, as far as the server lets it.
 */
import { MigrationStates } from "@stopcopy/vfio"
import { Duration, Effect, Either, Exit, Scope } from "effect"
import { Command } from "../Command.ts"
import { Bench, good, negotiate, open, type Target } from "./Bench.ts"
import type { Clause } from "./Clause.ts"
import { type Broken, NotApplicable } from "./Verdict.ts"
import { type Facts, gather, missing } from "./Facts.ts"
import { GuestMemory } from "./GuestMemory.ts"
import type { Workload } from "./Workload.ts"

/** How a clause ended. `note`: how it was met, what was found instead, or why it was skipped; empty if there is nothing to say. */
export interface Result {
  readonly clause: Clause
  readonly outcome: "passed" | "failed" | "skipped"
  readonly note: string
  readonly millis: number
}

export interface RunOptions {
  readonly clauses: ReadonlyArray<Clause>
  readonly workloads: ReadonlyArray<Workload>
  /** Told of each result as it is there. */
  readonly onResult: (result: Result) => Effect.Effect<void>
}

/** Memory of the client where no workload asks for more. */
const usualMemory = 16 * 4096

const memoryFor = (facts: Facts): GuestMemory => new GuestMemory(facts.workload?.memoryBytes ?? usualMemory)

/** A new connection, and a bench over it. */
const benchOf = (target: Target, facts: Facts) =>
  Effect.gen(function* () {
    const memory = memoryFor(facts)
    const wire = yield* open(target, memory)
    return new Bench(target, facts, wire, memory, yield* Scope.Scope)
  })

const isMigratable = (facts: Facts): boolean => missing(facts, false, "migration") === undefined

/** Resets the device and looks that it is RUNNING. Where a reset leaves the state, it is asked for. */
const restore = (bench: Bench): Effect.Effect<void, Broken> =>
  Effect.gen(function* () {
    if (missing(bench.facts, false, "reset") === undefined) yield* bench.answers(Command.DEVICE_RESET)
    if (!isMigratable(bench.facts)) return
    const running = MigrationStates.toNumber("RUNNING")
    if ((yield* bench.state) === running) return
    yield* good(yield* bench.request(running))
    yield* bench.answers(Command.DEVICE_RESET)
    yield* bench.isIn("RUNNING")
  })

const checked = (target: Target, facts: Facts, clause: Clause) =>
  Effect.gen(function* () {
    const bench = yield* benchOf(target, facts)
    if (clause.opening === "negotiated") {
      yield* negotiate(bench.wire)
      yield* restore(bench)
    }
    return yield* clause.check(bench)
  }).pipe(Effect.scoped)

const unmet = (target: Target, facts: Facts, { needs }: Clause): NotApplicable | undefined => {
  const reasons = needs.flatMap((need) => missing(facts, target.descriptors !== undefined, need) ?? [])
  return reasons[0] === undefined ? undefined : new NotApplicable({ reason: reasons[0] })
}

const resultOf = (target: Target, facts: Facts, clause: Clause): Effect.Effect<Result> =>
  Effect.gen(function* () {
    const skipped = unmet(target, facts, clause)
    const [time, ended] = yield* Effect.timed(
      Effect.either(skipped === undefined ? checked(target, facts, clause) : skipped)
    )
    const common = { clause, millis: Duration.toMillis(time) }
    if (Either.isRight(ended)) return { ...common, outcome: "passed", note: ended.right ?? "" }
    const outcome = ended.left._tag === "Broken" ? "failed" : "skipped"
    return { ...common, outcome, note: ended.left.message }
  })

/** What the device is. Its first connection: `Broken` says that nothing can be looked at. */
const factsOf = (target: Target, workloads: ReadonlyArray<Workload>): Effect.Effect<Facts, Broken> =>
  Effect.scoped(
    Effect.gen(function* () {
      const wire = yield* open(target, new GuestMemory(usualMemory))
      return yield* gather(wire, yield* negotiate(wire), workloads)
    })
  )

/** Nothing is known where a server cannot even say what it is. */
const unknown: Facts = {
  regions: [],
  irqs: [],
  flags: 0,
  maxDataBytes: 0,
  writeMultiple: false,
  migration: 0,
  logs: false,
  vendor: 0,
  device: 0,
  workload: undefined
}

/** What a run amounts to. */
export interface Report {
  readonly facts: Facts
  readonly results: ReadonlyArray<Result>
  /** Why the device could not be left RUNNING; none: it was. */
  readonly left: string | undefined
}

/** Runs the clauses in order. Never fails: a server that does not answer fails clauses. */
export const run = (target: Target, { clauses, onResult, workloads }: RunOptions): Effect.Effect<Report> =>
  Effect.gen(function* () {
    const found = yield* Effect.either(factsOf(target, workloads))
    const facts = Either.getOrElse(found, () => unknown)
    const results = yield* Effect.forEach(clauses, (clause) => Effect.tap(resultOf(target, facts, clause), onResult))
    const left = yield* Effect.exit(
      Effect.scoped(
        Effect.gen(function* () {
          const bench = yield* benchOf(target, facts)
          yield* negotiate(bench.wire)
          yield* restore(bench)
        })
      )
    )
    return { facts, results, left: Exit.isSuccess(left) ? undefined : "the device could not be reset to RUNNING" }
  })
