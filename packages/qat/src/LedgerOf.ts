/** The ledger of a guest's VF read from the journal, over the devices that it was migrated to. */
import { Journal, type JournalError, Replay } from "@stopcopy/runtime"
import { Effect, Schema, Stream } from "effect"
import * as Ledger from "./Ledger.ts"
import * as Vf from "./Vf.ts"
import { VfEvent } from "./VfEvent.ts"

const known = Replay.replayable(Vf.behavior)
const isEvent = Schema.is(VfEvent)

/** The ledger after the next device, whose stream is `stream`: from the load on, unless it is the first. */
const over = (ledger: Ledger.Ledger, stream: string) =>
  Effect.flatMap(Journal, (journal) =>
    Stream.runFoldEffect(journal.eventsOf(stream), ledger, (now, envelope) =>
      Effect.map(known.decode(envelope), ({ value }) => (isEvent(value) ? Ledger.record(now, value) : now))
    )
  )

/**
 * The ledger of a guest whose VF was, one after the other, each of these (`vf/NAME`) of one journal. `before`: its ledger over the devices that it had
 * before those, in another journal.
 */
export const ledgerOf = (
  streams: ReadonlyArray<string>,
  before?: Ledger.Ledger
): Effect.Effect<Ledger.Ledger, JournalError, Journal> =>
  Effect.reduce(streams, before ?? Ledger.empty, (ledger, stream, index) =>
    over(index === 0 && before === undefined ? ledger : Ledger.move(ledger), stream)
  )
