/** The demo's journal read again in a fresh runtime: same chain, same states, same digests. */
import { MigratedView, VfState } from "@stopcopy/qat"
import { Journal, Replay, Verify } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Effect, Schema } from "effect"
import { eventLoopTurn } from "../EventLoop.ts"
import { withJournalTurns } from "../JournalTurns.ts"
import { registry } from "../replay/Registry.ts"

const StateJson = Schema.parseJson(VfState.Vf)
const encodeState = Schema.encodeSync(StateJson)
const decodeState = Schema.decode(StateJson)

/** A state of a VF that was seen live. */
export interface Seen {
  /** When it was seen: "source, retired". */
  readonly moment: string
  readonly stream: string
  /** Last event of the VF at that moment. */
  readonly sequence: number
  readonly state: VfState.Vf
}

/** What came of one of them. */
export interface Replayed {
  readonly moment: string
  readonly stream: string
  readonly sequence: number
  /** Digest of the live view, and of the one that the journal gives. */
  readonly live: string
  readonly again: string
  /** The whole state is equal, not only the view. */
  readonly sameState: boolean
}

const digestOf = (state: VfState.Vf): string => MigratedView.digest(MigratedView.migratedView(state)).whole

const replayOne = ({ moment, sequence, state, stream }: Seen) =>
  Effect.gen(function* () {
    yield* eventLoopTurn
    const past = yield* Replay.stateAt(registry, stream, sequence)
    const again = yield* decodeState(past.state.json)
    return {
      moment,
      stream,
      sequence,
      live: digestOf(state),
      again: digestOf(again),
      sameState: past.state.json === encodeState(state)
    } satisfies Replayed
  })

/** Opens the journal for reading, checks its chain and computes every state again; and how many events it has. */
export const replayAll = (file: string, seen: ReadonlyArray<Seen>) =>
  Effect.gen(function* () {
    const journal = yield* Journal
    yield* Verify.verify()
    const replayed = yield* Effect.forEach(seen, replayOne)
    const { sequence } = yield* journal.head()
    return { replayed, events: sequence }
  }).pipe(withJournalTurns, Effect.provide(layerSqlite({ file, readOnly: true })))
