/** What a process that died left in its spool goes into the journal before anything else does. */
import { type Context, Effect, Either } from "effect"
import { existsSync } from "node:fs"
import { join } from "node:path"
import type { Decider, Revived } from "../Decider.ts"
import type { SealedBatch } from "../Envelope.ts"
import { type Journal, make } from "../Journal.ts"
import type { AppendAnswer, AppendRequest, Appended, DeferredAppend } from "../JournalDriver.ts"
import type { AppendError, ReadError } from "../JournalError.ts"
import type { Spooled, SpooledBatch, SpooledCommand } from "../spool/entry.ts"
import { SpoolUndecided } from "../spool/SpoolError.ts"
import type { SpoolError } from "../spool/SpoolError.ts"
import { readSpool, spoolName } from "../spool/SpoolFile.ts"
import { nodeCalls, removeFile } from "../tape/files.ts"
import type { SqliteJournal } from "./SqliteJournal.ts"
import { tapesFolder } from "./TakeIn.ts"

/** The spool in the folder of a journal's tapes. */
export const spoolIn = (folder: string): string => join(folder, spoolName)

/** What of a spool the tables do not have. */
interface Left {
  readonly entries: ReadonlyArray<Spooled>
  /** Batches behind a gap: they followed on one that the journal lost with the power before it was durable. */
  readonly dropped: number
}

const isSameText = (left: Uint8Array | null, right: Uint8Array): boolean =>
  left === null || Buffer.compare(left, right) === 0

/** Whether a batch of the tables is that of an entry: by its link, or by what else no two batches have in common. */
const isOf = (found: SealedBatch, entry: Spooled): boolean => {
  if ("hash" in entry) return Buffer.compare(found.hash, entry.hash) === 0
  const { command, firstSequence, time } = found
  return (
    firstSequence === entry.firstSequence &&
    time === entry.time &&
    command?.stream === entry.command.stream &&
    isSameText(command.bytes, entry.command.bytes)
  )
}

/** Whether the tables have this very batch, or had it before retention took it away. */
const isTaken = (tables: SqliteJournal, entry: Spooled): Either.Either<boolean, ReadError> =>
  entry.batch < tables.anchor.batch
    ? Either.right(true)
    : Either.map(tables.batches(entry.batch - 1, 1), ([found]) => found?.batch === entry.batch && isOf(found, entry))

/** The entries of a spool that the tables do not have yet. */
const leftInSpool = (tables: SqliteJournal, entries: ReadonlyArray<Spooled>): Either.Either<Left, ReadError> =>
  Either.gen(function* () {
    const { batch: last } = yield* tables.head()
    let taken = 0
    for (const entry of entries) {
      if (entry.batch > last || !(yield* isTaken(tables, entry))) break
      taken++
    }
    const left = entries.slice(taken)
    const isGap = (left[0]?.batch ?? 0) > last + 1
    return isGap ? { entries: [], dropped: left.length } : { entries: left, dropped: 0 }
  })

/** A number of an event in this journal, `moved` further on if it is one of those that were spooled. */
const causationOf = (causation: string | null, first: number, moved: number): string | null =>
  causation !== null && /^\d+$/.test(causation) && Number(causation) >= first
    ? `${Number(causation) + moved}`
    : causation

/** The same append behind what somebody else appended meanwhile: it was acknowledged. */
const behind = (
  tables: SqliteJournal,
  request: AppendRequest,
  first: number,
  moved: number
): Either.Either<AppendRequest, ReadError> =>
  Either.map(tables.streams(), (known) => {
    const versions = new Map(known.map(({ stream, version }) => [stream, version]))
    return {
      ...request,
      causation: causationOf(request.causation, first, moved),
      streams: request.streams.map((each) => ({ ...each, expected: versions.get(each.stream) ?? 0 }))
    }
  })

/** Takes in what the tables do not have. */
class Taking {
  private readonly path: string
  private readonly tables: SqliteJournal
  private readonly journal: Context.Tag.Service<Journal>
  private readonly deciders: ReadonlyMap<string, Decider>
  /** Sequence that the first entry had, and how much further on it is now. */
  private readonly first: number
  private readonly moved: number
  /** Actors that decide again, by stream, as long as nothing else was appended to theirs. */
  private readonly revived = new Map<string, Revived>()

  constructor(
    path: string,
    tables: SqliteJournal,
    journal: Context.Tag.Service<Journal>,
    deciders: ReadonlyArray<Decider>,
    { first, moved }: { readonly first: number; readonly moved: number }
  ) {
    this.path = path
    this.tables = tables
    this.journal = journal
    this.deciders = new Map(deciders.map((each) => [each.behavior, each]))
    this.first = first
    this.moved = moved
  }

  take(entry: Spooled): Effect.Effect<void, SpoolError | AppendError | ReadError> {
    return "hash" in entry ? this.batch(entry) : this.command(entry)
  }

  private batch({ request }: SpooledBatch): Either.Either<void, AppendError | ReadError> {
    for (const { owner, stream } of request.streams) this.revived.delete(owner ?? stream)
    const now = this.moved === 0 ? Either.right(request) : behind(this.tables, request, this.first, this.moved)
    return Either.map(
      Either.flatMap(now, (each) => this.append(each)),
      () => undefined
    )
  }

  /** A command of a process that died leads to what it led to then; behind what somebody else appended, to what it leads to now. */
  private command(entry: SpooledCommand): Effect.Effect<void, SpoolError | AppendError | ReadError> {
    const { command, causation, correlation, time } = entry
    return Effect.flatMap(this.actorOf(entry), (actor): Either.Either<void, SpoolError | AppendError> => {
      const context = { time, correlation, causation: causationOf(causation, this.first, this.moved) }
      const decided = actor.decide(command, context)
      if (Either.isLeft(decided)) return this.undecided(entry, decided.left)
      const { append, took } = decided.right
      if (this.moved === 0 && !isSame(append, entry)) {
        return this.undecided(
          entry,
          "it leads to other events than it did: the rules of the behavior are not those that decided it"
        )
      }
      return Either.map(this.append(append.encode()), ({ last }) => took(last))
    })
  }

  private actorOf(entry: SpooledCommand): Effect.Effect<Revived, SpoolError | ReadError> {
    const { behavior, command } = entry
    const known = this.revived.get(command.stream)
    if (known !== undefined) return Either.right(known)
    const decider = this.deciders.get(behavior)
    if (decider === undefined) return this.undecided(entry, "who opens the journal does not know its rules")
    return decider.revive(this.journal, command.stream).pipe(
      Effect.tap((revived) => Effect.sync(() => this.revived.set(command.stream, revived))),
      Effect.catchTags({
        UndecodableEvent: ({ message }) => this.undecided(entry, message),
        RedactedEvent: ({ message }) => this.undecided(entry, message)
      })
    )
  }

  private append(request: AppendRequest): Either.Either<Appended, AppendError> {
    return Either.flatMap(this.tables.commit([request], "written"), ([answer]): AppendAnswer => {
      if (answer === undefined) throw new TypeError(`${this.tables.name} did not answer an append`)
      return answer
    })
  }

  private undecided({ batch, behavior }: SpooledCommand, reason: string): Either.Either<never, SpoolUndecided> {
    return Either.left(new SpoolUndecided({ spool: this.path, batch, behavior, reason }))
  }
}

/** Whether a command has led again to what its entry says. */
const isSame = ({ counts, fingerprint, streams }: DeferredAppend, entry: SpooledCommand): boolean =>
  fingerprint === entry.fingerprint &&
  streams.length === entry.streams.length &&
  entry.streams.every(({ count, expected, stream }, at) => {
    const now = streams[at]
    return now?.stream === stream && now.expected === expected && counts[at] === count
  })

/** Takes the spool in `folder` in, *durably*, and removes it. Nothing is changed where it is damaged. `deciders`: for commands that stand for their batches. */
export const takeInSpool = (
  tables: SqliteJournal,
  folder: string,
  deciders: ReadonlyArray<Decider>
): Effect.Effect<void, SpoolError | AppendError | ReadError> =>
  Effect.gen(function* () {
    const path = spoolIn(folder)
    if (!existsSync(path)) return
    const { entries, unfinishedBytes } = yield* readSpool(path, tables.id)
    const { dropped, entries: left } = yield* leftInSpool(tables, entries)
    const [first] = left
    if (first !== undefined) {
      const { sequence } = yield* tables.head()
      const place = { first: first.firstSequence, moved: sequence + 1 - first.firstSequence }
      const taking = new Taking(path, tables, yield* make(tables), deciders, place)
      for (const entry of left) yield* taking.take(entry)
    }
    yield* tables.sync()
    yield* removeFile(nodeCalls, path)
    if (dropped > 0)
      yield* Effect.logWarning(`spool ${path}: ${dropped} batches behind a commit that was lost are dropped`)
    if (left.length > 0 || unfinishedBytes > 0) {
      yield* Effect.logInfo(
        `spool ${path}: ${left.length} batches taken in, ${unfinishedBytes} bytes of an unfinished one cut off`
      )
    }
  }).pipe(Effect.scoped)

/** How many batches the spool beside the journal `file` holds that `journal`, opened for reading, does not. Changes nothing. */
export const batchesInSpool = (
  file: string,
  { head, id }: Pick<Context.Tag.Service<Journal>, "head" | "id">
): Effect.Effect<number, SpoolError | ReadError> =>
  Effect.gen(function* () {
    const path = spoolIn(tapesFolder(file))
    if (!existsSync(path)) return 0
    const { entries } = yield* readSpool(path, id)
    const { batch: last } = yield* head()
    return entries.filter(({ batch }) => batch > last).length
  })
