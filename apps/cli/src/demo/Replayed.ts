/**
 * The demo's journals read again when the emulators have ended: their chains are whole, they give the digests that were seen live, and the ledger of the
 * guest's requests over both.
 */
import { Ledger, ledgerOf, MigratedView, VfEvent, VfState } from "@stopcopy/qat"
import { Journal, Replay, Verify } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import type { MigrationState } from "@stopcopy/vfio"
import { Effect, Option, Schema, Stream } from "effect"
import { withJournalTurns } from "../JournalTurns.ts"
import { registry } from "../replay/Registry.ts"
import type { Journals } from "./Hosts.ts"

const isEvent = Schema.is(VfEvent)
const decodeState = Schema.decode(Schema.parseJson(VfState.Vf))

/** A digest that was seen live: of a VF, after its last arc to a state in the course of a migration. */
export interface Seen {
  readonly side: keyof Journals
  readonly stream: string
  readonly migration: string
  readonly to: MigrationState
  readonly digest: string
}

/** What came of one of them. */
export interface Replayed extends Seen {
  /** The event of that arc; none if the journal has no such event. */
  readonly sequence: number | undefined
  /** The digest that the journal gives. */
  readonly again: string
}

/** How many requests came how far. */
interface Counts {
  readonly published: number
  readonly executed: number
  readonly placed: number
}

/** What both journals say. */
export interface Checked {
  readonly replayed: ReadonlyArray<Replayed>
  readonly events: Readonly<Record<keyof Journals, number>>
  readonly counts: Counts
  /** What is wrong with the guest's requests. Empty: the ledger is balanced. */
  readonly findings: ReadonlyArray<Ledger.Finding>
}

/** The last arc of a stream to a state in the course of a migration. */
const arcTo = ({ migration, stream, to }: Seen) =>
  Replay.timeline(registry, { stream, correlation: migration }).pipe(
    Stream.filter(({ event }) => {
      const value = event._tag === "Right" ? event.right.value : undefined
      return isEvent(value) && value._tag === "ArcTaken" && value.to === to
    }),
    Stream.runLast,
    Effect.map(Option.map(({ envelope }) => envelope.sequence))
  )

const replayOne = (seen: Seen) =>
  Effect.gen(function* () {
    const found = yield* arcTo(seen)
    if (Option.isNone(found)) return { ...seen, sequence: undefined, again: "" }
    const past = yield* Replay.stateAt(registry, seen.stream, found.value)
    const state = yield* decodeState(past.state.json)
    return { ...seen, sequence: found.value, again: MigratedView.digest(MigratedView.migratedView(state)).whole }
  })

/** One journal: its chain, the states that were seen, and the ledger over its device, which goes on from the one before. */
const readOne = (file: string, seen: ReadonlyArray<Seen>, stream: string, before?: Ledger.Ledger) =>
  Effect.gen(function* () {
    const journal = yield* Journal
    yield* Verify.verify()
    const replayed = yield* Effect.forEach(seen, replayOne)
    const { sequence } = yield* journal.head()
    return { replayed, events: sequence, ledger: yield* ledgerOf([stream], before) }
  }).pipe(withJournalTurns, Effect.provide(layerSqlite({ file, readOnly: true })))

const countsOf = ({ banks }: Ledger.Ledger): Counts => ({
  published: banks.reduce((sum, account) => sum + Ledger.published(account), 0),
  executed: banks.reduce((sum, { executed }) => sum + executed, 0),
  placed: banks.reduce((sum, { placed }) => sum + placed, 0)
})

/** Reads both journals, that of the source first. `stream`: the VF, by the same name on both sides. */
export const checkJournals = (
  journals: Journals,
  seen: ReadonlyArray<Seen>,
  stream: string,
  accounts: ReadonlyArray<Ledger.GuestAccount>
) =>
  Effect.gen(function* () {
    const of = (side: keyof Journals) => seen.filter((each) => each.side === side)
    const source = yield* readOne(journals.source, of("source"), stream)
    const destination = yield* readOne(journals.destination, of("destination"), stream, source.ledger)
    const checked: Checked = {
      replayed: [...source.replayed, ...destination.replayed],
      events: { source: source.events, destination: destination.events },
      counts: countsOf(destination.ledger),
      findings: Ledger.audit(destination.ledger, accounts)
    }
    return checked
  })
