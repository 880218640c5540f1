/** A device's registers as an actor: accesses come at a high rate, so they are packed into entries of a fixed size. */
import { Behavior } from "@stopcopy/runtime"
import type { Actor } from "@stopcopy/runtime"
import { Schema } from "effect"

const Written = Schema.TaggedStruct("Written", { offset: Schema.Int, value: Schema.Int })
const Write = Schema.TaggedStruct("Write", { offset: Schema.Int, value: Schema.Int })
const State = Schema.Struct({ writes: Schema.Int, last: Schema.Int })
type Written = typeof Written.Type
type Write = typeof Write.Type

/** An actor that takes register writes. */
export type Registers = Actor<typeof State.Type, Write, number, never>

/** Offset and value, 4 bytes each, little endian. */
const packing: Behavior.Packing<Written, Write> = {
  type: "Written",
  entryBytes: 8,
  write: ({ offset, value }, view, at) => {
    view.setUint32(at, offset, true)
    view.setUint32(at + 4, value, true)
    return true
  },
  read: (view, at) => ({ _tag: "Written", offset: view.getUint32(at, true), value: view.getUint32(at + 4, true) }),
  command: ({ offset, value }) => ({ _tag: "Write", offset, value })
}

export const registers = Behavior.make({
  name: "registers",
  version: 1,
  state: State,
  command: Write,
  event: Written,
  initial: { writes: 0, last: 0 },
  decide: (state, { offset, value }) => Behavior.accept([{ _tag: "Written", offset, value } as const], state.writes),
  evolve: (state, { value }) => ({ writes: state.writes + 1, last: value }),
  packing
})

/** Registers that the accesses go round. */
const registerCount = 256

/** The accesses of one batch, from number `first` on. */
export const accesses = (first: number, many: number): ReadonlyArray<Write> =>
  Array.from({ length: many }, (_, index) => ({
    _tag: "Write",
    offset: ((first + index) % registerCount) * 4,
    value: first + index
  }))
