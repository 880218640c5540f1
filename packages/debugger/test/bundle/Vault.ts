/** The actor of these tests: it keeps a secret, counts pokes (packed) and writes notes (streams that it owns). */
import { ActorSystem, Behavior, Journal, Replay, withCorrelation } from "@stopcopy/runtime"
import { Chunk, type Context, Effect, Layer, Schema, Stream } from "effect"

const Key = Schema.Struct({ iv: Schema.String, size: Schema.Int })
const Sealed = Schema.TaggedStruct("Sealed", { secret: Schema.String, keys: Schema.Array(Key) })
const Poked = Schema.TaggedStruct("Poked", { offset: Schema.Int, value: Schema.Int })
const Noted = Schema.TaggedStruct("Noted", { note: Schema.Int, text: Schema.String })
const Event = Schema.Union(Sealed, Poked, Noted)
type Event = typeof Event.Type

const Command = Schema.Union(
  Schema.TaggedStruct("Seal", { secret: Schema.String, keys: Schema.Array(Key) }),
  Schema.TaggedStruct("Poke", { offset: Schema.Int, value: Schema.Int }),
  Schema.TaggedStruct("Note", { note: Schema.Int, text: Schema.String })
)
type Command = typeof Command.Type

const State = Schema.Struct({ secret: Schema.String, keys: Schema.Array(Key), pokes: Schema.Int, notes: Schema.Int })
type State = typeof State.Type

const evolve = (state: State, event: Event): State => {
  switch (event._tag) {
    case "Sealed":
      return { ...state, secret: event.secret, keys: event.keys }
    case "Poked":
      return { ...state, pokes: state.pokes + event.value }
    case "Noted":
      return { ...state, notes: state.notes + 1 }
  }
}

const eventOf = (command: Command): Event => {
  switch (command._tag) {
    case "Seal":
      return { _tag: "Sealed", secret: command.secret, keys: command.keys }
    case "Poke":
      return { _tag: "Poked", offset: command.offset, value: command.value }
    case "Note":
      return { _tag: "Noted", note: command.note, text: command.text }
  }
}

const packing: Behavior.Packing<Event, Command> = {
  type: "Poked",
  entryBytes: 8,
  write: (event, view, offset) => {
    if (event._tag !== "Poked") return false
    view.setUint32(offset, event.offset, true)
    view.setUint32(offset + 4, event.value, true)
    return true
  },
  read: (view, offset) => ({
    _tag: "Poked",
    offset: view.getUint32(offset, true),
    value: view.getUint32(offset + 4, true)
  }),
  command: (event) => {
    if (event._tag !== "Poked") throw new TypeError(`${event._tag} is not packed`)
    return { _tag: "Poke", offset: event.offset, value: event.value }
  }
}

const vault = Behavior.make({
  name: "vault",
  version: 1,
  state: State,
  command: Command,
  event: Event,
  initial: { secret: "", keys: [], pokes: 0, notes: 0 },
  decide: (_, command) => Behavior.accept([eventOf(command)], null),
  evolve,
  route: (event) => (event._tag === "Noted" ? { suffix: `note/${event.note}`, behavior: "vault-note" } : undefined),
  packing
})

export const registry: Replay.Registry = Replay.registry(Replay.replayable(vault))

/** Commands to vaults, each as `[vault, correlation, command]`, in a journal of their own. */
export const journalOf = (commands: ReadonlyArray<readonly [id: string, correlation: string, command: Command]>) =>
  Effect.gen(function* () {
    const journal = yield* Effect.provide(Journal, yield* Layer.build(Journal.layerMemory))
    yield* Effect.gen(function* () {
      const system = yield* ActorSystem
      for (const [id, correlation, command] of commands) {
        const actor = yield* system.actor(vault, id)
        yield* withCorrelation(correlation)(actor.ask(command))
      }
    }).pipe(Effect.provide(ActorSystem.layer), Effect.provideService(Journal, journal))
    return journal
  })

export const seal = (secret: string, iv = "i0"): Command => ({ _tag: "Seal", secret, keys: [{ iv, size: 16 }] })
export const poke = (value: number): Command => ({ _tag: "Poke", offset: 4, value })
export const note = (number: number, text = "hello"): Command => ({ _tag: "Note", note: number, text })

/** The unpacked text of a bundle. */
export const unpacked = (bytes: Uint8Array): Effect.Effect<string> =>
  Effect.promise(() =>
    new Response(new Blob([new Uint8Array(bytes)]).stream().pipeThrough(new DecompressionStream("gzip"))).text()
  )

/** Any text as a packed file. */
export const packed = (text: string | Uint8Array): Effect.Effect<Uint8Array<ArrayBuffer>> =>
  Effect.promise(async () => {
    const part = typeof text === "string" ? text : new Uint8Array(text)
    const stream = new Blob([part]).stream().pipeThrough(new CompressionStream("gzip"))
    return new Uint8Array(await new Response(stream).arrayBuffer())
  })

/** Every batch of a journal. */
export const batchesOf = (journal: Context.Tag.Service<Journal>) =>
  Effect.map(Stream.runCollect(journal.batches(0)), Chunk.toReadonlyArray)
