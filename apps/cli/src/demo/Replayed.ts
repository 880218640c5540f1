/**
 * The demo's journals read again when all processes have ended: their chains are whole, the journals of both hosts give the digests that the coordinator saw, and
 * the ledger of every guest's requests over both.
 */
import { Ledger, ledgerOf, MigratedView, Vf, VfEvent, VfState } from "@stopcopy/qat"
import { Journal, Replay, Verify } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import type { MigrationState } from "@stopcopy/vfio"
import { Effect, Option, Schema, Stream } from "effect"
import { withJournalTurns } from "../JournalTurns.ts"
import { registry } from "../replay/Registry.ts"
import type { HostName, Journals } from "../world/World.ts"

const isEvent = Schema.is(VfEvent)
const decodeState = Schema.decode(Schema.parseJson(VfState.Vf))

/** A guest that was moved from the first host to the second. */
export interface Moved {
  readonly guest: string
  readonly migration: string
  /** Its VFs. */
  readonly source: string
  readonly destination: string
  /** What both sides had, as the coordinator recorded it before the commit. */
  readonly digest: string
  /** What the guest knows. */
  readonly accounts: ReadonlyArray<Ledger.GuestAccount>
}

/** A digest that one journal gives, at the event after which it was taken; none if the journal has no such event. */
interface Replayed {
  readonly sequence: number | undefined
  readonly digest: string
}

/** How many requests came how far. */
interface Counts {
  readonly published: number
  readonly executed: number
  readonly placed: number
}

/** What the journals say of one guest. */
export interface Checked extends Moved {
  readonly replayed: Readonly<Record<HostName, Replayed>>
  readonly counts: Counts
  /** What is wrong with its requests. Empty: the ledger is balanced. */
  readonly findings: ReadonlyArray<Ledger.Finding>
}

/** All of it. */
export interface AllChecked {
  readonly guests: ReadonlyArray<Checked>
  readonly events: Readonly<Record<keyof Journals, number>>
}

const vf = Replay.replayable(Vf.behavior)

/** The last arc of a VF to a state in the course of a migration. Of its own events alone: there are many of others. */
const arcTo = (stream: string, migration: string, to: MigrationState) =>
  Effect.flatMap(Journal, (journal) =>
    journal.eventsOf(stream).pipe(
      Stream.filter(({ correlation, type }) => correlation === migration && type === "ArcTaken"),
      Stream.filterEffect((envelope) =>
        Effect.map(vf.decode(envelope), ({ value }) => isEvent(value) && value._tag === "ArcTaken" && value.to === to)
      ),
      Stream.runLast,
      Effect.map(Option.map(({ sequence }) => sequence))
    )
  )

const replayOne = (stream: string, migration: string, to: MigrationState) =>
  Effect.gen(function* () {
    const found = yield* arcTo(stream, migration, to)
    if (Option.isNone(found)) return { sequence: undefined, digest: "" }
    const past = yield* Replay.stateAt(registry, stream, found.value)
    const state = yield* decodeState(past.state.json)
    return { sequence: found.value, digest: MigratedView.digest(MigratedView.migratedView(state)).whole }
  })

/** Where a guest stood still on its way, on either side. */
const stopped = {
  alpha: { device: "source", state: "STOP_COPY" },
  beta: { device: "destination", state: "STOP" }
} as const

type Ledgers = ReadonlyMap<string, Ledger.Ledger>

/** The journal of one host: its chain, what each guest had where it stood still, and the ledgers, which go on from those before. */
const readHost = (name: HostName, file: string, moved: ReadonlyArray<Moved>, before: Ledgers) =>
  Effect.gen(function* () {
    const journal = yield* Journal
    yield* Verify.verify()
    const { device, state } = stopped[name]
    const ledgers = new Map<string, Ledger.Ledger>()
    const replayed = new Map<string, Replayed>()
    for (const one of moved) {
      const stream = `vf/${one[device]}`
      replayed.set(one.guest, yield* replayOne(stream, one.migration, state))
      ledgers.set(one.guest, yield* ledgerOf([stream], before.get(one.guest)))
    }
    const { sequence } = yield* journal.head()
    return { ledgers, replayed, events: sequence }
  }).pipe(withJournalTurns, Effect.provide(layerSqlite({ file, readOnly: true })))

/** Of the coordinator's journal the chain: what it says was told while it ran. */
const readCoordinator = (file: string) =>
  Effect.gen(function* () {
    const journal = yield* Journal
    yield* Verify.verify()
    return (yield* journal.head()).sequence
  }).pipe(withJournalTurns, Effect.provide(layerSqlite({ file, readOnly: true })))

const countsOf = ({ banks }: Ledger.Ledger): Counts => ({
  published: banks.reduce((sum, account) => sum + Ledger.published(account), 0),
  executed: banks.reduce((sum, { executed }) => sum + executed, 0),
  placed: banks.reduce((sum, { placed }) => sum + placed, 0)
})

const nothing: Replayed = { sequence: undefined, digest: "" }

/** Reads all journals, that of the first host first. */
export const checkJournals = (journals: Journals, moved: ReadonlyArray<Moved>) =>
  Effect.gen(function* () {
    const alpha = yield* readHost("alpha", journals.alpha, moved, new Map())
    const beta = yield* readHost("beta", journals.beta, moved, alpha.ledgers)
    const coordinator = yield* readCoordinator(journals.coordinator)
    const guests = moved.map((one): Checked => {
      const ledger = beta.ledgers.get(one.guest) ?? Ledger.empty
      const of = (side: typeof alpha): Replayed => side.replayed.get(one.guest) ?? nothing
      return {
        ...one,
        replayed: { alpha: of(alpha), beta: of(beta) },
        counts: countsOf(ledger),
        findings: Ledger.audit(ledger, one.accounts)
      }
    })
    const checked: AllChecked = { guests, events: { alpha: alpha.events, beta: beta.events, coordinator } }
    return checked
  })
