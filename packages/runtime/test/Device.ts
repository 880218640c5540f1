/** The device of these tests: registers written at a high rate (packed), files in its turn (owned streams), a drain (operation). */
import { EBUSY, EINVAL, EIO } from "@stopcopy/errno"
import { Behavior } from "@stopcopy/runtime"
import { Either, Schema } from "effect"

const Write = Schema.TaggedStruct("RegisterWritten", { offset: Schema.Int, value: Schema.Int })
const Opened = Schema.TaggedStruct("FileOpened", { file: Schema.Int })
const Moved = Schema.TaggedStruct("FileMoved", { file: Schema.Int, bytes: Schema.Uint8ArrayFromBase64 })
const DrainStarted = Schema.TaggedStruct("DrainStarted", { id: Schema.Int })
const BankDrained = Schema.TaggedStruct("BankDrained", { id: Schema.Int })
const DrainEnded = Schema.TaggedStruct("DrainEnded", { id: Schema.Int, errno: Schema.Int })

const Event = Schema.Union(Write, Opened, Moved, DrainStarted, BankDrained, DrainEnded)
type Event = typeof Event.Type

export const Command = Schema.Union(
  Schema.TaggedStruct("Write", { offset: Schema.Int, value: Schema.Int }),
  Schema.TaggedStruct("Open", { file: Schema.Int }),
  Schema.TaggedStruct("Move", { file: Schema.Int, bytes: Schema.Uint8ArrayFromBase64 }),
  Schema.TaggedStruct("Drain", { id: Schema.Int }),
  Schema.TaggedStruct("Drained", { id: Schema.Int }),
  Schema.TaggedStruct("Reset", {}),
  Schema.TaggedStruct("Look", {}),
  Schema.TaggedStruct("Break", { where: Schema.Literal("decide", "evolve") })
)
export type Command = typeof Command.Type

/** A register write, which is packed. */
export const write = (value: number) => ({ _tag: "Write", offset: 0, value }) as const

const State = Schema.Struct({
  writes: Schema.Int,
  last: Schema.Int,
  files: Schema.Array(Schema.Struct({ file: Schema.Int, bytes: Schema.Int })),
  /** `left` banks are still to be drained. */
  drain: Schema.NullOr(Schema.Struct({ id: Schema.Int, left: Schema.Int })),
  ended: Schema.Array(Schema.Struct({ id: Schema.Int, errno: Schema.Int }))
})
type State = typeof State.Type

export const banks = 2

const initial: State = { writes: 0, last: 0, files: [], drain: null, ended: [] }

const drained = (state: State, id: number): Behavior.Decision<Event, number, EINVAL> => {
  if (state.drain?.id !== id) return Behavior.refuse([], new EINVAL({}))
  const bank: Event = { _tag: "BankDrained", id }
  return Behavior.accept(state.drain.left === 1 ? [bank, { _tag: "DrainEnded", id, errno: 0 }] : [bank], id)
}

const decide = (state: State, command: Command): Behavior.Decision<Event, number, EBUSY | EINVAL> => {
  switch (command._tag) {
    case "Write":
      return Behavior.accept(
        [{ _tag: "RegisterWritten", offset: command.offset, value: command.value }],
        state.writes + 1
      )
    case "Open":
      return Behavior.accept([{ _tag: "FileOpened", file: command.file }], command.file)
    case "Move":
      return state.files.some(({ file }) => file === command.file)
        ? Behavior.accept([{ _tag: "FileMoved", file: command.file, bytes: command.bytes }], command.bytes.byteLength)
        : Behavior.refuse([], new EINVAL({}))
    case "Drain":
      return state.drain === null
        ? Behavior.accept([{ _tag: "DrainStarted", id: command.id }], command.id)
        : Behavior.refuse([], new EBUSY({}))
    case "Drained":
      return drained(state, command.id)
    case "Reset":
      return Behavior.accept(
        state.drain === null ? [] : [{ _tag: "DrainEnded", id: state.drain.id, errno: new EIO({}).errno }],
        0
      )
    case "Look":
      return Behavior.accept([], state.last)
    case "Break":
      if (command.where === "decide") throw new Error("decide is broken")
      return Behavior.accept([{ _tag: "FileMoved", file: -1, bytes: new Uint8Array(0) }], 0)
  }
}

const evolve = (state: State, event: Event): State => {
  switch (event._tag) {
    case "RegisterWritten":
      return { ...state, writes: state.writes + 1, last: event.value }
    case "FileOpened":
      return { ...state, files: [...state.files, { file: event.file, bytes: 0 }] }
    case "FileMoved":
      if (event.file < 0) throw new Error("evolve is broken")
      return {
        ...state,
        files: state.files.map(({ bytes, file }) => ({
          file,
          bytes: file === event.file ? bytes + event.bytes.byteLength : bytes
        }))
      }
    case "DrainStarted":
      return { ...state, drain: { id: event.id, left: banks } }
    case "BankDrained":
      return { ...state, drain: state.drain && { id: event.id, left: state.drain.left - 1 } }
    case "DrainEnded":
      return { ...state, drain: null, ended: [...state.ended, { id: event.id, errno: event.errno }] }
  }
}

const packing: Behavior.Packing<Event, Command> = {
  type: "RegisterWritten",
  entryBytes: 8,
  write: (event, view, offset) => {
    if (event._tag !== "RegisterWritten" || event.value > 0xffff_ffff || event.value < 0) return false
    view.setUint32(offset, event.offset, true)
    view.setUint32(offset + 4, event.value, true)
    return true
  },
  read: (view, offset) => ({
    _tag: "RegisterWritten",
    offset: view.getUint32(offset, true),
    value: view.getUint32(offset + 4, true)
  }),
  command: (event) => {
    if (event._tag !== "RegisterWritten") throw new TypeError(`${event._tag} is not packed`)
    return { _tag: "Write", offset: event.offset, value: event.value }
  }
}

export const device = Behavior.make({
  name: "device",
  version: 1,
  state: State,
  command: Command,
  event: Event,
  initial,
  decide,
  evolve,
  route: (event) =>
    event._tag === "FileOpened" || event._tag === "FileMoved"
      ? { suffix: `file/${event.file}`, behavior: "device-file" }
      : undefined,
  packing,
  repeatable: ({ _tag }) => _tag !== "Write"
})

const FileEvent = Schema.Union(Opened, Moved)
type FileEvent = typeof FileEvent.Type

/** A file of the device, read alone: it takes no commands of its own. */
export const deviceFile = Behavior.make({
  name: "device-file",
  version: 1,
  state: Schema.Struct({ bytes: Schema.Int }),
  command: Schema.TaggedStruct("None", {}),
  event: FileEvent,
  initial: { bytes: 0 },
  decide: () => Behavior.accept<FileEvent, null>([], null),
  evolve: (state, event) => (event._tag === "FileMoved" ? { bytes: state.bytes + event.bytes.byteLength } : state)
})

/** How a drain of the device is driven. */
export const draining = {
  pending: (state: State) => (state.drain === null ? undefined : { id: state.drain.id, action: state.drain.left }),
  ended: (state: State, id: number) => {
    const end = state.ended.find((each) => each.id === id)
    if (end === undefined) return undefined
    return end.errno === 0 ? Either.right("drained" as const) : Either.left(new EIO({}))
  }
}
