/** The example of this package's README. */
// region readme
/** A lamp that counts how often it was switched on, and refuses when it is worn out. */
import { EBUSY } from "@stopcopy/errno"
import { ActorSystem, Behavior, Replay, Verify } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Effect, Schema } from "effect"

const Command = Schema.Union(Schema.TaggedStruct("TurnOn", {}), Schema.TaggedStruct("TurnOff", {}))
const Event = Schema.TaggedStruct("Switched", { on: Schema.Boolean })
const State = Schema.Struct({ on: Schema.Boolean, switchedOn: Schema.Int })

export const lamp = Behavior.make({
  name: "lamp",
  version: 1,
  state: State,
  command: Command,
  event: Event,
  initial: { on: false, switchedOn: 0 },
  decide: (state, command) =>
    command._tag === "TurnOn" && state.switchedOn >= 2
      ? Behavior.refuse<typeof Event.Type, EBUSY>([], new EBUSY({}))
      : Behavior.accept([{ _tag: "Switched", on: command._tag === "TurnOn" } as const], undefined),
  evolve: (state, event) => ({ on: event.on, switchedOn: state.switchedOn + (event.on ? 1 : 0) })
})

export const program = (file: string) =>
  Effect.gen(function* () {
    const system = yield* ActorSystem
    const kitchen = yield* system.actor(lamp, "kitchen")
    yield* kitchen.ask({ _tag: "TurnOn" }, { durability: "durable" })
    yield* kitchen.ask({ _tag: "TurnOff" })
    const past = yield* Replay.stateAt(Replay.registry(Replay.replayable(lamp)), "lamp/kitchen", 1)
    const { sequence } = yield* Verify.verify()
    return { now: yield* kitchen.state, before: past.state.json, events: sequence }
  }).pipe(Effect.provide(ActorSystem.layer), Effect.provide(layerSqlite({ file })))
// endregion
