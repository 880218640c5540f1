/** Follows an evacuation to its end: a line that is rewritten on a terminal, plain lines elsewhere; and what its end means for the command. */
import { Evacuation } from "@stopcopy/coordinator-api"
import { Clock, Effect } from "effect"
import { Cancelled, Negative, type Outcome } from "../Outcome.ts"
import type { Terminal } from "../Terminal.ts"
import { Coordinator, print } from "./Coordinator.ts"
import { endText, hasEnded, progressText } from "./EvacuationText.ts"
import type { CallError } from "./Explain.ts"
import { leftRunning } from "./followMigration.ts"
import { type Live, makeLive } from "./Live.ts"
import { lookUntil } from "./Looks.ts"
import { placeText } from "./Names.ts"

/** Between two lines that stay, in milliseconds: an evacuation changes often. */
const lineMillis = 2000

/** What the last line said, and when. */
interface Shown {
  text: string
  at: number
}

/** Changes with what is worth a line that stays. */
const stageOf = ({ cancelled, completed, failed, state, turnedDown }: Evacuation): string =>
  [cancelled, completed, failed, state, turnedDown].join(" ")

const show = (live: Live, shown: Shown, jsonChanges: boolean, evacuation: Evacuation) =>
  Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const stage = stageOf(evacuation)
    if (shown.text === "") yield* live.say([`${evacuation.id}: evacuation of ${placeText(evacuation)}`])
    const isNew = stage !== shown.text
    if (jsonChanges && isNew) yield* print(true, Evacuation, evacuation, () => [])
    if (hasEnded(evacuation)) return yield* live.say([endText(evacuation)])
    yield* live.now(progressText(evacuation, now))
    const isDue = isNew && now - shown.at >= lineMillis
    if (isDue && !live.rewrites) yield* live.say([progressText(evacuation, now)])
    if (isDue || jsonChanges) {
      shown.text = stage
      shown.at = now
    }
  })

/** What the end of an evacuation means for the command: what stays, or failed, keeps the place from being empty. */
export const ending = (evacuation: Evacuation): Effect.Effect<void, Outcome> => {
  const { failed, id, refused, state, turnedDown, willStop } = evacuation
  if (state === "cancelled") return new Cancelled({ message: `${id} was cancelled; what has moved stays moved` })
  return failed + turnedDown + refused + willStop + evacuation.cancelled === 0
    ? Effect.void
    : new Negative({ message: `${placeText(evacuation)} is not empty: ${endText(evacuation)}` })
}

interface FollowOptions {
  readonly json: boolean
  /** With `json`: a line for each change, not for the end alone. */
  readonly changes: boolean
}

/** Shows the evacuation until it ends, and gives it as it is then. `first`: as it is now. */
export const showEvacuation = (
  first: Evacuation,
  { changes, json }: FollowOptions,
  live: Live
): Effect.Effect<Evacuation, CallError, Coordinator | Terminal> =>
  Effect.gen(function* () {
    const { client, events } = yield* Coordinator
    const { id } = first
    const shown: Shown = { text: "", at: Number.NEGATIVE_INFINITY }
    return yield* lookUntil({
      first,
      look: client.evacuations.show({ path: { id } }),
      events: events({}),
      isLast: hasEnded,
      each: (seen) => show(live, shown, json && changes, seen)
    })
  })

/** The same, and says how it goes on when this ends before it. */
export const followEvacuation = (
  first: Evacuation,
  options: FollowOptions
): Effect.Effect<Evacuation, CallError, Coordinator | Terminal> =>
  Effect.gen(function* () {
    const { command } = yield* Coordinator
    const { changes, json } = options
    const live = yield* makeLive(json)
    const evacuation = yield* showEvacuation(first, options, live).pipe(
      leftRunning(live, command, "evacuation", first.id)
    )
    if (json && !changes) yield* print(true, Evacuation, evacuation, () => [])
    return evacuation
  })
