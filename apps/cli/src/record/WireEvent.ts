/** What happened on a wire. A field is only ever added, with a default, so that every old journal still decodes. */
import { Schema } from "effect"
import { Digest, Direction, messageFields } from "./WireCommand.ts"

const connection = Schema.Int

export const WireEvent = Schema.Union(
  Schema.TaggedStruct("ConnectionOpened", { connection, descriptors: Schema.Boolean }),
  Schema.TaggedStruct("MessageForwarded", messageFields),
  Schema.TaggedStruct("BytesForwarded", { connection, direction: Direction, digest: Digest }),
  Schema.TaggedStruct("FaultInjected", {
    connection,
    direction: Direction,
    rule: Schema.String,
    command: Schema.String,
    id: Schema.Int
  }),
  Schema.TaggedStruct("ConnectionClosed", { connection, by: Schema.String, reason: Schema.String })
)
export type WireEvent = typeof WireEvent.Type
