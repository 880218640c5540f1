/** An opened bundle, made ready for going to and fro in it: the merged timeline by place, and the states of every actor by checkpoints. */
import {
  Bundle,
  type Chronicle,
  type Header,
  loadChronicle,
  loadTrack,
  type OpenBundleError,
  type OpenedJournal,
  type Standing,
  type Track
} from "@stopcopy/debugger"
import { behaviors } from "@stopcopy/debugger/behaviors"
import { type ReadError, Replay } from "@stopcopy/runtime"
import { Effect, Either } from "effect"

/** What the debugger knows in the page. */
export const known = { registry: Replay.registry(...behaviors) }

/** Why a bundle cannot be travelled in. */
type JourneyError = OpenBundleError | ReadError

/** How far the opening is. */
export interface Progress {
  readonly what: string
  /** 0 to 1. */
  readonly part: number
}

export interface Journey {
  /** What the bundle is called: its file, or the migration. */
  readonly name: string
  readonly header: Header
  readonly journals: ReadonlyArray<OpenedJournal>
  readonly chronicle: Chronicle
  /** By the actor's index: its states; in words why they cannot be known. */
  readonly tracks: ReadonlyArray<Either.Either<Track, string>>
  /** What is wrong with the hash chain of each journal that is damaged, in words. */
  readonly damage: ReadonlyArray<string>
}

/** Characters of a reason that are shown: what a schema says of an event is long. */
const reasonLength = 240

const shortly = ({ message }: { readonly message: string }): string =>
  message.length > reasonLength ? `${message.slice(0, reasonLength)} …` : message

/** Lets the page show how far it is. */
const breathe = Effect.sleep(0)

const damageOf = ({ checkLinks, entry }: OpenedJournal): ReadonlyArray<string> => {
  const checked = checkLinks()
  return Either.isLeft(checked) ? [`${entry.label}: ${checked.left.message}`] : []
}

const loadTracks = Effect.fnUntraced(function* (
  chronicle: Chronicle,
  verified: boolean,
  onProgress: (progress: Progress) => void
) {
  const tracks: Array<Either.Either<Track, string>> = []
  for (const [index, actor] of chronicle.actors.entries()) {
    const source = chronicle.sources[actor.source]
    if (source === undefined) continue
    const loaded = yield* Effect.either(loadTrack(known, source, actor, { verified }))
    tracks.push(Either.mapLeft(loaded, shortly))
    onProgress({ what: "the states of every actor", part: (index + 1) / chronicle.actors.length })
    yield* breathe
  }
  return tracks
})

/** Opens the bundle in `bytes`, which messages call `name`. Everything is computed here; nothing is sent anywhere. */
export const openJourney = (
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
  onProgress: (progress: Progress) => void
): Effect.Effect<Journey, JourneyError> =>
  Effect.gen(function* () {
    onProgress({ what: "the bundle", part: 0 })
    yield* breathe
    const { header, journals } = yield* Bundle.open(name, bytes)
    const damage = journals.flatMap(damageOf)
    yield* breathe
    const total = journals.reduce((sum, { events }) => sum + events, 0)
    const sources = journals.map(({ source }) => source)
    const chronicle = yield* loadChronicle(sources, known, {
      onProgress: (events) => onProgress({ what: "the events", part: events / Math.max(1, total) })
    })
    yield* breathe
    const tracks = yield* loadTracks(chronicle, damage.length === 0, onProgress)
    return { name, header, journals, chronicle, tracks, damage }
  }).pipe(Effect.scoped)

/** The state of an actor after the event at `place`; in words why it cannot be known. -1: before the first event. */
export const standingAt = (
  { chronicle, tracks }: Journey,
  actor: number,
  place: number
): Either.Either<Standing, string> => {
  const [track, found] = [tracks[actor], chronicle.actors[actor]]
  if (track === undefined || found === undefined) return Either.left("there is no such actor")
  const sequence = chronicle.pointsAt(place)[found.source]?.sequence ?? 0
  return Either.flatMap(track, (known) => Either.mapLeft(known.at(sequence), shortly))
}
