/**
 * The incident bundle of one attempt: the coordinator's journal, and what both hosts hand out of theirs. Each part is made where its journal is; one that
 * cannot be had is named in the bundle with the reason.
 */
import type { AgentClient } from "@stopcopy/agent/client"
import { type ApiError, type BundleQuery, InvalidRequest, NotFound, TooManyRequests } from "@stopcopy/coordinator-api"
import { Bundle, type MissingPart } from "@stopcopy/debugger"
import { behaviors } from "@stopcopy/debugger/behaviors"
import { type Conductor, type Migration as Attempt } from "@stopcopy/migration"
import { type Journal, Replay } from "@stopcopy/runtime"
import { Chunk, Clock, Effect, Either, Stream } from "effect"
import type { HostAgents } from "../hosts/HostAgents.ts"
import { behavior as answered } from "../requests/Answered.ts"
import { journalUnavailable } from "../requests/once.ts"
import { attemptId } from "./attempts.ts"
import type { Known } from "./Known.ts"
import { behavior as wish } from "./Wish.ts"

const registry = Replay.registry(...behaviors, Replay.replayable(wish), Replay.replayable(answered))

/** Packed bytes of one journal's part, at most: parts are held in memory. */
const partLimit = 32 * 1024 * 1024
/** Bytes of a part's unpacked text, at most. */
const textLimit = 256 * 1024 * 1024
/** How long a host may take for its part. */
const partPatience = "60 seconds"
/** Bundles that are made at once. */
const atOnce = 2

const microsPerMilli = 1000

/** A part that was asked for. */
type Part = Either.Either<Bundle.MergeInput, MissingPart>

const part = (label: string, bytes: Uint8Array): Part => Either.right({ label, bytes: new Uint8Array(bytes) })

const missing = (label: string, reason: string): Part => Either.left({ label, reason })

/** What the host hands out. Whatever goes wrong with a host is no failure of the bundle. */
const hostPart = (
  agents: HostAgents["Type"],
  label: string,
  host: string,
  asked: Parameters<AgentClient["exported"]>[0]
): Effect.Effect<Part> =>
  Effect.flatMap(agents.of(host), (agent) => Stream.runCollect(agent.exported(asked))).pipe(
    Effect.map((pieces) => part(label, Buffer.concat([...Chunk.toReadonlyArray(pieces)]))),
    Effect.timeoutFail({ duration: partPatience, onTimeout: () => ({ message: `no answer within ${partPatience}` }) }),
    Effect.catchAll(({ message }) => Effect.succeed(missing(label, `${host}: ${message}`)))
  )

const ownPart = (journal: Journal["Type"], correlation: string, redact: ReadonlyArray<string>, created: number) =>
  Bundle.create([{ label: "coordinator", journal }], { registry, created, correlation, redact }).pipe(
    Effect.map(({ bytes }) =>
      bytes.length > partLimit
        ? missing("coordinator", `it has ${bytes.length} bytes, at most ${partLimit} are wanted`)
        : part("coordinator", bytes)
    ),
    Effect.catchTags({
      BadField: ({ message }) => new InvalidRequest({ code: "bundle.redact", message, refusals: [] }),
      NoSuchCorrelation: ({ message }) => Effect.succeed(missing("coordinator", message)),
      JournalUnavailable: journalUnavailable,
      JournalDamaged: journalUnavailable
    })
  )

/** The hosts of an attempt by their role. One that is both hands out its part once. */
const hostsOf = ({ order }: Attempt): ReadonlyArray<readonly [label: string, host: string]> => {
  if (order === null) return []
  const { destination, source } = order
  return source === destination
    ? [["source", source]]
    : [
        ["source", source],
        ["destination", destination]
      ]
}

const noAttempt = (id: string, attempt: number): NotFound =>
  new NotFound({
    code: "migration.attempt.unknown",
    message: `migration ${id} has no attempt ${attempt}; leave it out for the last one`,
    refusals: []
  })

const nothing = (id: string): NotFound =>
  new NotFound({
    code: "migration.bundle.empty",
    message: `nothing of migration ${id} is in a journal that can be read now`,
    refusals: []
  })

/** What bundles are made of. */
interface Makings {
  readonly journal: Journal["Type"]
  readonly agents: HostAgents["Type"]
  readonly conductor: Conductor
}

/** The attempt that is meant, with the correlation id of all that was recorded for it. */
const attemptOf = ({ conductor }: Makings, { actor, attempt, id }: Known, wanted: number | undefined) =>
  Effect.gen(function* () {
    if (wanted === undefined) return { attempt, correlation: actor }
    const correlation = attemptId(id, wanted)
    if (correlation === actor) return { attempt, correlation }
    const other = yield* Effect.mapError(conductor.state(correlation), journalUnavailable)
    return other.order === null ? yield* noAttempt(id, wanted) : { attempt: other, correlation }
  })

const made = (makings: Makings, known: Known, { attempt: wanted, redact = [] }: BundleQuery) =>
  Effect.gen(function* () {
    const { agents, journal } = makings
    const { attempt, correlation } = yield* attemptOf(makings, known, wanted)
    const created = (yield* Clock.currentTimeMillis) * microsPerMilli
    const asked = { migration: correlation, redact, limit: partLimit }
    const own = yield* ownPart(journal, correlation, redact, created)
    const theirs = yield* Effect.forEach(hostsOf(attempt), ([label, host]) => hostPart(agents, label, host, asked), {
      concurrency: "unbounded"
    })
    const parts = [own, ...theirs]
    const there = parts.flatMap((each) => (Either.isRight(each) ? [each.right] : []))
    const absent = parts.flatMap((each) => (Either.isLeft(each) ? [each.left] : []))
    if (there.length === 0) return yield* nothing(known.id)
    return yield* Bundle.merge(there, { created, missing: absent, limit: textLimit })
  })

/** Makes bundles, few at a time. */
export const makeBundles = (makings: Makings) => {
  let making = 0
  const tooMany = new TooManyRequests({
    code: "bundle.making",
    message: `${atOnce} bundles are being made, which is as many as there may be; try again later`,
    refusals: []
  })
  const counted = Effect.acquireRelease(
    Effect.suspend(() => (making >= atOnce ? Effect.fail(tooMany) : Effect.sync(() => void making++))),
    () => Effect.sync(() => void making--)
  )
  return (known: Known, query: BundleQuery): Effect.Effect<Uint8Array, ApiError> =>
    Effect.scoped(Effect.zipRight(counted, made(makings, known, query)))
}
