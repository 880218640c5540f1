/** What can happen to the PCI side of a VF. A field is only ever added, with a default, so that every old journal still decodes. */
import { BytesFromBase64 } from "../Base64.ts"
import { Schema } from "effect"
import { Failure } from "../Failure.ts"
import { U32 } from "../Unsigned.ts"
import { Identity, msixVectors, storedBytes } from "./ConfigLayout.ts"

export const PciEvent = Schema.Union(
  Schema.TaggedStruct("PoweredOn", { identity: Identity }),
  /** What the bytes at `offset` are now: what the write asked for, as far as it may change them. */
  Schema.TaggedStruct("ConfigWritten", {
    offset: Schema.Int.pipe(Schema.between(0, storedBytes - 1)),
    bytes: BytesFromBase64
  }),
  /** A word (0 to 3) of an entry of the MSI-X table, as it is now. */
  Schema.TaggedStruct("TableWritten", {
    vector: Schema.Int.pipe(Schema.between(0, msixVectors - 1)),
    word: Schema.Int.pipe(Schema.between(0, 3)),
    value: U32
  }),
  /** Config space is as it comes up: nothing reaches memory from here on. The VF is reset next. */
  Schema.TaggedStruct("FunctionResetBegun", {}),
  Schema.TaggedStruct("FunctionResetEnded", {}),
  Schema.TaggedStruct("PciRefused", { operation: Schema.String, failure: Failure })
)
export type PciEvent = typeof PciEvent.Type
