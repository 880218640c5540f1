/** What can be asked of the PCI side of a VF. */
import { BytesFromBase64 } from "../Base64.ts"
import { Schema } from "effect"
import { U32, Whole } from "../Unsigned.ts"
import { Identity } from "./ConfigLayout.ts"

export const PciCommand = Schema.Union(
  /** The function is there. As the one that is there already: nothing changes. */
  Schema.TaggedStruct("PowerOn", { identity: Identity }),
  /** A write to config space, of any width: register by register, up to the first that refuses its part. */
  Schema.TaggedStruct("WriteConfig", { offset: Whole, bytes: BytesFromBase64 }),
  /** A 32-bit write into the MSI-X table; `offset` in bytes from its beginning. */
  Schema.TaggedStruct("WriteTable", { offset: Whole, value: U32 }),
  /** A reset of the function that somebody asks for from outside, as bit 15 of Device Control does from inside. */
  Schema.TaggedStruct("BeginReset", {}),
  /** The VF is reset too. */
  Schema.TaggedStruct("EndReset", {})
)
export type PciCommand = typeof PciCommand.Type
