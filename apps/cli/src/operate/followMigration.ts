/** Follows a migration to its end: a line that is rewritten on a terminal, plain lines elsewhere; and what its end means for the command. */
import { Migration } from "@stopcopy/coordinator-api"
import { Clock, Console, Effect } from "effect"
import { Cancelled, InDoubt, Negative, oneLine, type Outcome, Refused } from "../Outcome.ts"
import type { Terminal } from "../Terminal.ts"
import { against } from "./Blockers.ts"
import { Coordinator, print } from "./Coordinator.ts"
import type { CallError } from "./Explain.ts"
import { type Live, makeLive } from "./Live.ts"
import { lookUntil } from "./Looks.ts"
import { doubtLines, endLines, hasEnded, headline, reasonText, standingText } from "./MigrationText.ts"
import { millisText } from "./Units.ts"

interface FollowOptions {
  readonly json: boolean
  /** Ends as soon as it is in doubt. Otherwise it is watched until a side comes back, or somebody resolves. */
  readonly untilDoubt: boolean
  /** With `json`: a line for each change, not for the end alone. */
  readonly changes: boolean
}

/** Width of a time and of the longest phase, in characters. */
const [timeWidth, phaseWidth] = [9, "pre-switchover".length]

const stageText = (migration: Migration, now: number): string => {
  const time = millisText(Math.max(0, now - migration.queuedAt)).padStart(timeWidth)
  return `${time}  ${migration.phase.padEnd(phaseWidth)}  ${standingText(migration, now)}`.trimEnd()
}

/** Changes with what is worth a line that stays. */
const stageOf = ({ attempt, inDoubt, phase, retryAt, waiting = [] }: Migration): string =>
  [phase, attempt, inDoubt, retryAt, ...waiting.map(({ code }) => code)].join(" ")

/** What the end of a migration means for the command that has asked for it. */
export const ending = (migration: Migration): Effect.Effect<void, Outcome> => {
  const { blockers, id, phase } = migration
  const reason = reasonText(migration)
  if (migration.inDoubt) {
    return new InDoubt({
      message: oneLine(
        `${id} is in doubt: ${doubtLines(migration)
          .map((line) => line.trim())
          .join("; ")}`
      )
    })
  }
  switch (phase) {
    case "failed":
      return new Negative({ message: oneLine(`${id} failed${reason}`) })
    case "cancelled":
      return new Cancelled({ message: oneLine(`${id} was cancelled${reason}`) })
    case "refused":
      return new Refused({ message: `${id} was refused: ${against(blockers)}` })
    default:
      return Effect.void
  }
}

type Command = Coordinator["Type"]["command"]

/** Said when somebody presses Ctrl-C, or the coordinator is away for too long: it is the coordinator's, not this command's. */
const leaving = (live: Live, command: Command, what: string, id: string): Effect.Effect<void> =>
  Effect.zipRight(
    live.rewrites ? live.say([""]) : Effect.void,
    Console.error(
      `stopcopy: ${what} ${id} goes on without this command\n` +
        `  to cancel it:     ${command(`cancel ${id}`)}\n` +
        `  to see it again:  ${command(`watch ${id}`)}`
    )
  )

/** What is said when the following of something ends before it. */
export const leftRunning =
  (live: Live, command: Command, what: string, id: string) =>
  <A, E, R>(following: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.onError(following, () => leaving(live, command, what, id))

const isLast =
  ({ untilDoubt }: FollowOptions) =>
  (migration: Migration): boolean =>
    hasEnded(migration) || (untilDoubt && migration.inDoubt)

const doubtHelp = (command: Command, { id }: Migration): ReadonlyArray<string> => [
  "it ends when that can be done, or when an operator says which side has the guest",
  `  to go on watching:  ${command(`watch ${id}`)}`,
  `  to see the choice:  ${command(`resolve ${id}`)}`
]

const show = (live: Live, options: FollowOptions, previous: { stage: string }, migration: Migration) =>
  Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const stage = stageOf(migration)
    if (previous.stage === "") yield* live.say([headline(migration)])
    const isNew = stage !== previous.stage
    previous.stage = stage
    if (options.json && options.changes && isNew) yield* print(true, Migration, migration, () => [])
    if (hasEnded(migration)) return yield* live.say(endLines(migration))
    if (isNew && (!live.rewrites || migration.inDoubt)) yield* live.say([stageText(migration, now)])
    yield* live.now(stageText(migration, now))
  })

/** Shows the migration until it ends, and gives it as it is then. `first`: as it is now. */
export const showMigration = (
  first: Migration,
  options: FollowOptions,
  live: Live
): Effect.Effect<Migration, CallError, Coordinator | Terminal> =>
  Effect.gen(function* () {
    const { client, events } = yield* Coordinator
    const { id } = first
    const previous = { stage: "" }
    return yield* lookUntil({
      first,
      look: client.migrations.show({ path: { id } }),
      events: events({ migration: id }),
      isLast: isLast(options),
      each: (seen) => show(live, options, previous, seen)
    })
  })

/** The same, and says how it goes on when this ends before it. */
export const followMigration = (
  first: Migration,
  options: FollowOptions
): Effect.Effect<Migration, CallError, Coordinator | Terminal> =>
  Effect.gen(function* () {
    const { command } = yield* Coordinator
    const live = yield* makeLive(options.json)
    const showing = showMigration(first, options, live)
    const migration = yield* showing.pipe(leftRunning(live, command, "migration", first.id))
    if (migration.inDoubt) yield* live.say(doubtHelp(command, migration))
    if (options.json && !options.changes) yield* print(true, Migration, migration, () => [])
    return migration
  })
