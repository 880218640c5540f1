/**
 * The actors of this process over one journal. An actor is restored from its streams when first addressed, leaves memory when it
 * has been idle, and is restored when addressed again; there is one per behavior and id, so that its turns are in order.
 */
import { Context, Duration, Effect, Layer } from "effect"
import type { Either, Scope } from "effect"
import type { Actor } from "./Actor.ts"
import type { Behavior, Tagged } from "./Behavior.ts"
import { Family } from "./Family.ts"
import type { ActorOptions } from "./Kind.ts"
import { Journal } from "./Journal.ts"
import type { AppendError, DecodeError, ReadError } from "./JournalError.ts"
import { microsPerMilli, nowMicros } from "./Micros.ts"
import { Signal } from "./Signal.ts"
import * as Supervision from "./Supervision.ts"

/** Unless a system is told otherwise. */
const defaultActorOptions: ActorOptions = {
  snapshotEvents: 10_000,
  snapshotBytes: 1024 * 1024,
  idle: "5 minutes"
}

export class ActorSystem extends Context.Tag("@stopcopy/runtime/ActorSystem")<
  ActorSystem,
  {
    /**
     * The actor of `behavior` with that id, restored from the journal if it is not in memory. Dies if another behavior of the
     * same name runs here: that is a defect of the program.
     */
    readonly actor: <State, Command, Event extends Tagged, Answer, Refused>(
      behavior: Behavior<State, Command, Event, Answer, Refused>,
      id: string
    ) => Effect.Effect<Actor<State, Command, Answer, Refused>, ReadError | DecodeError>
    /** Actors in memory. */
    readonly size: Effect.Effect<number>
    /** Lets the next turn of the actor of `stream` start from the journal: something else wrote to it. */
    readonly restart: (stream: string) => Effect.Effect<void>
    /**
     * Runs `effect`, which writes to the streams of the actor of `stream`, between two of its turns: it conflicts with none of them. It must
     * not ask that actor.
     */
    readonly between: <A, E, R>(stream: string, effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  }
>() {
  /** Local actors over the `Journal`: a snapshot every 10,000 events or 1 MiB, passive after 5 minutes. */
  static readonly layer: Layer.Layer<ActorSystem, never, Journal> = Layer.suspend(() => ActorSystem.layerWith({}))

  /** Local actors over the `Journal`. */
  static readonly layerWith = (options: Partial<ActorOptions>): Layer.Layer<ActorSystem, never, Journal> =>
    Layer.scoped(
      ActorSystem,
      Effect.flatMap(Journal, (journal) => makeSystem(journal, { ...defaultActorOptions, ...options }))
    )
}

/** What a system does with families whose types it does not know. */
interface AnyFamily {
  readonly size: number
  readonly passivate: (now: number, idle: number) => void
  readonly restart: (stream: string) => void
  readonly between: <A, E, R>(stream: string, effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  readonly endTapes: () => Either.Either<void, AppendError>
}

/** A family holds the very behavior it was made of: the same object means the same types. */
const isFamilyOf = <State, Command, Event extends Tagged, Answer, Refused>(
  family: unknown,
  behavior: Behavior<State, Command, Event, Answer, Refused>
): family is Family<State, Command, Event, Answer, Refused> => family instanceof Family && family.behavior === behavior

class Families {
  /** Raised by every actor that comes into memory. */
  readonly arrivals = new Signal()
  private readonly byName = new Map<string, AnyFamily>()
  private readonly journal: Context.Tag.Service<Journal>
  private readonly options: ActorOptions

  constructor(journal: Context.Tag.Service<Journal>, options: ActorOptions) {
    this.journal = journal
    this.options = options
  }

  of<State, Command, Event extends Tagged, Answer, Refused>(
    behavior: Behavior<State, Command, Event, Answer, Refused>
  ): Family<State, Command, Event, Answer, Refused> {
    const known = this.byName.get(behavior.name)
    if (isFamilyOf(known, behavior)) return known
    if (known !== undefined) throw new Error(`two behaviors are named ${behavior.name}: give one of them another name`)
    const made = new Family(behavior, {
      journal: this.journal,
      options: this.options,
      arrivals: this.arrivals,
      recordStop: ({ defect, ...stop }) =>
        this.supervisor(stop.stream).ask({ _tag: "Stop", ...stop, defect: Supervision.defectText(defect) })
    })
    this.byName.set(behavior.name, made)
    return made
  }

  /** The family whose actor has that stream, if one of it was ever used. */
  ofStream(stream: string): AnyFamily | undefined {
    return this.byName.get(stream.split("/", 1)[0] ?? stream)
  }

  get all(): Iterable<AnyFamily> {
    return this.byName.values()
  }

  /** Actors in memory. */
  get size(): number {
    let size = 0
    for (const family of this.byName.values()) size += family.size
    return size
  }

  private supervisor(stream: string) {
    return this.of(Supervision.behavior).get(`${Supervision.behavior.name}/${stream}`)
  }
}

/**
 * While there are actors in memory, looks for idle ones twice in the time after which they count as idle. Sleeps for good while there are
 * none.
 */
const passivating = (families: Families, idle: Duration.DurationInput): Effect.Effect<void, never, Scope.Scope> => {
  const millis = Duration.toMillis(idle)
  const sweep = Effect.map(nowMicros, (now) => {
    for (const family of families.all) family.passivate(now, millis * microsPerMilli)
  })
  const round: Effect.Effect<void> = Effect.suspend(() => {
    const seen = families.arrivals.raised
    return families.size === 0 ? families.arrivals.after(seen) : Effect.delay(sweep, millis / 2)
  })
  return Effect.asVoid(Effect.forkScoped(Effect.forever(round)))
}

/** What is on tapes comes into the journal when the system ends; what cannot is there for the next one. */
const endTapes = (families: Families): Effect.Effect<void> =>
  Effect.forEach(
    families.all,
    (family) =>
      Effect.catchAll(
        Effect.suspend(() => family.endTapes()),
        (error) => Effect.logWarning(`entries stay on tape for the next start: ${error.message}`)
      ),
    { discard: true }
  )

const makeSystem = (
  journal: Context.Tag.Service<Journal>,
  options: ActorOptions
): Effect.Effect<Context.Tag.Service<ActorSystem>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const families = new Families(journal, options)
    yield* Effect.addFinalizer(() => endTapes(families))
    yield* passivating(families, options.idle)
    return {
      actor: (behavior, id) =>
        Effect.suspend(() => {
          const actor = families.of(behavior).get(`${behavior.name}/${id}`)
          return Effect.as(actor.restored(), actor)
        }),
      size: Effect.sync(() => families.size),
      restart: (stream) =>
        Effect.sync(() => {
          for (const family of families.all) family.restart(stream)
        }),
      between: (stream, effect) => Effect.suspend(() => families.ofStream(stream)?.between(stream, effect) ?? effect)
    }
  })
