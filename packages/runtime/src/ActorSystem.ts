/**
 * The actors of this process over one journal. An actor is restored from its streams when first addressed and then stays in
 * memory; there is one per behavior and id, so that its turns are in order.
 */
import { Context, Effect, Either, Layer } from "effect"
import { LocalActor } from "./Actor.ts"
import type { Actor } from "./Actor.ts"
import type { Behavior, Tagged } from "./Behavior.ts"
import { codecOf } from "./Codec.ts"
import type { Codec } from "./Codec.ts"
import { Journal } from "./Journal.ts"
import type { DecodeError, ReadError } from "./JournalError.ts"

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
  }
>() {
  /** Local actors over the `Journal`. */
  static readonly layer: Layer.Layer<ActorSystem, never, Journal> = Layer.effect(
    ActorSystem,
    Effect.map(Journal, (journal) => makeSystem(journal))
  )
}

/** The actors of one behavior. */
class Family<State, Command, Event extends Tagged, Answer, Refused> {
  readonly behavior: Behavior<State, Command, Event, Answer, Refused>
  readonly codec: Codec<State, Command, Event>
  readonly actors = new Map<string, LocalActor<State, Command, Event, Answer, Refused>>()

  constructor(behavior: Behavior<State, Command, Event, Answer, Refused>) {
    this.behavior = behavior
    this.codec = codecOf(behavior)
  }
}

/** A family holds the very behavior it was made of: the same object means the same types. */
const isFamilyOf = <State, Command, Event extends Tagged, Answer, Refused>(
  family: unknown,
  behavior: Behavior<State, Command, Event, Answer, Refused>
): family is Family<State, Command, Event, Answer, Refused> => family instanceof Family && family.behavior === behavior

const makeSystem = (journal: Context.Tag.Service<Journal>): Context.Tag.Service<ActorSystem> => {
  const families = new Map<string, unknown>()
  const familyOf = <State, Command, Event extends Tagged, Answer, Refused>(
    behavior: Behavior<State, Command, Event, Answer, Refused>
  ): Family<State, Command, Event, Answer, Refused> => {
    const known = families.get(behavior.name)
    if (isFamilyOf(known, behavior)) return known
    if (known !== undefined) throw new Error(`two behaviors are named ${behavior.name}: give one of them another name`)
    const made = new Family(behavior)
    families.set(behavior.name, made)
    return made
  }
  return {
    actor: (behavior, id) =>
      Effect.suspend(() => {
        const family = familyOf(behavior)
        const known = family.actors.get(id)
        if (known !== undefined) return Effect.succeed(known)
        const actor = new LocalActor(behavior, family.codec, journal, id)
        return Either.map(actor.restore(), () => {
          family.actors.set(id, actor)
          return actor
        })
      })
  }
}
