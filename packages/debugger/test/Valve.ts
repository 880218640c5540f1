/** The device of these tests: a valve with registers (packed), log files in its turn (owned streams), refusals that are recorded. */
import type { Known } from "@stopcopy/debugger"
import { EBUSY } from "@stopcopy/errno"
import { Behavior, Replay } from "@stopcopy/runtime"
import { Schema } from "effect"

const Poked = Schema.TaggedStruct("Poked", { register: Schema.Int, value: Schema.Int })
const Logged = Schema.TaggedStruct("Logged", { file: Schema.Int, text: Schema.String })
const Event = Schema.Union(
  Schema.TaggedStruct("Turned", { by: Schema.Int, at: Schema.Int }),
  Schema.TaggedStruct("TurnRefused", {
    failure: Schema.Struct({ name: Schema.String, errno: Schema.Int }),
    asked: Schema.Int
  }),
  Schema.TaggedStruct("Drawn", { lot: Schema.Int }),
  Schema.TaggedStruct("Ended", { errno: Schema.Int }),
  Schema.TaggedStruct("Broken", {}),
  Poked,
  Logged
)
type Event = typeof Event.Type

const Command = Schema.Union(
  Schema.TaggedStruct("Turn", { by: Schema.Int }),
  Schema.TaggedStruct("Draw", {}),
  Schema.TaggedStruct("End", { errno: Schema.Int }),
  Schema.TaggedStruct("Break", {}),
  Schema.TaggedStruct("Poke", { register: Schema.Int, value: Schema.Int }),
  Schema.TaggedStruct("Log", { file: Schema.Int, text: Schema.String })
)
export type Command = typeof Command.Type

const State = Schema.Struct({
  position: Schema.Int,
  turns: Schema.Int,
  lot: Schema.NullOr(Schema.Int),
  /** JSON has names with dots for them, and leaves out those that are 0. */
  registers: Schema.Record({ key: Schema.String, value: Schema.Int }),
  files: Schema.Array(Schema.Struct({ file: Schema.Int, lines: Schema.Int }))
})
type State = typeof State.Type

/** A turn beyond it is refused. */
const maxPosition = 90

const turn = (state: State, by: number): Behavior.Decision<Event, number, EBUSY> => {
  const at = state.position + by
  if (at <= maxPosition) return Behavior.accept([{ _tag: "Turned", by, at }], at)
  const refused: Event = { _tag: "TurnRefused", failure: { name: "EBUSY", errno: 16 }, asked: at }
  return Behavior.refuse([refused], new EBUSY({}))
}

/** `draw` is what makes a decision that is not pure: what a check must find. */
const decideWith =
  (draw: () => number) =>
  (state: State, command: Command): Behavior.Decision<Event, number, EBUSY> => {
    switch (command._tag) {
      case "Turn":
        return turn(state, command.by)
      case "Draw":
        return Behavior.accept([{ _tag: "Drawn", lot: draw() }], 0)
      case "End":
        return Behavior.accept([{ _tag: "Ended", errno: command.errno }], 0)
      case "Break":
        return Behavior.accept([{ _tag: "Broken" }], 0)
      case "Poke":
        return Behavior.accept([{ _tag: "Poked", register: command.register, value: command.value }], 0)
      case "Log":
        return Behavior.accept([{ _tag: "Logged", file: command.file, text: command.text }], 0)
    }
  }

const logged = (files: State["files"], file: number): State["files"] =>
  files.some((each) => each.file === file)
    ? files.map((each) => (each.file === file ? { file, lines: each.lines + 1 } : each))
    : [...files, { file, lines: 1 }]

const evolve = (state: State, event: Event): State => {
  switch (event._tag) {
    case "Turned":
      return { ...state, position: event.at, turns: state.turns + 1 }
    case "Drawn":
      return { ...state, lot: event.lot }
    case "Poked": {
      const { [`bank0.${event.register}`]: _, ...others } = state.registers
      return {
        ...state,
        registers: event.value === 0 ? others : { ...state.registers, [`bank0.${event.register}`]: event.value }
      }
    }
    case "Logged":
      return { ...state, files: logged(state.files, event.file) }
    case "TurnRefused":
    case "Ended":
    case "Broken":
      return state
  }
}

const packing: Behavior.Packing<Event, Command> = {
  type: "Poked",
  entryBytes: 8,
  write: (event, view, offset) => {
    if (event._tag !== "Poked" || event.register < 0 || event.value < 0 || event.value > 0xffff_ffff) return false
    view.setUint32(offset, event.register, true)
    view.setUint32(offset + 4, event.value, true)
    return true
  },
  read: (view, offset) => ({
    _tag: "Poked",
    register: view.getUint32(offset, true),
    value: view.getUint32(offset + 4, true)
  }),
  command: (event) => {
    if (event._tag !== "Poked") throw new TypeError(`${event._tag} is not packed`)
    return { ...event, _tag: "Poke" }
  }
}

export const initial: State = { position: 0, turns: 0, lot: null, registers: {}, files: [] }

export const valveWith = (draw: () => number, version = 1) =>
  Behavior.make({
    name: "valve",
    version,
    state: State,
    command: Command,
    event: Event,
    initial,
    decide: decideWith(draw),
    evolve,
    route: (event) => (event._tag === "Logged" ? { suffix: `log/${event.file}`, behavior: "valve-log" } : undefined),
    packing
  })

export const valve = valveWith(() => 7)

/** A log of the valve, read alone. */
const valveLog = Behavior.make({
  name: "valve-log",
  version: 1,
  state: Schema.Struct({ last: Schema.String }),
  command: Schema.TaggedStruct("None", {}),
  event: Logged,
  initial: { last: "" },
  decide: () => Behavior.accept<typeof Logged.Type, null>([], null),
  evolve: (_, event) => ({ last: event.text })
})

export const registry = Replay.registry(Replay.replayable(valve), Replay.replayable(valveLog))
export const known: Known = { registry }
