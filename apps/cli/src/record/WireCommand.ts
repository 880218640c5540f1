/** What the proxy tells the actor of a wire: facts of the connection, decided on before anything of them goes on. */
import { Schema } from "effect"

export const Direction = Schema.Literal("to server", "to client")
export type Direction = typeof Direction.Type

/** Numbers of connections count from 1 on. */
const Connection = Schema.Int.pipe(Schema.positive())
const Count = Schema.NonNegativeInt

/** Bytes that are not recorded: how many, and their CRC-32 (IEEE 802.3), unsigned. */
export const Digest = Schema.Struct({ bytes: Count, crc32: Count })
export type Digest = typeof Digest.Type

/** One message as it was forwarded. */
export const messageFields = {
  connection: Connection,
  direction: Direction,
  /** By name: `REGION_READ`. */
  command: Schema.String,
  id: Count,
  /** Of the whole message, as its header says, in bytes. */
  size: Count,
  flags: Count,
  /** Of an error reply; 0 in every other message. */
  errno: Count,
  descriptors: Count,
  /** What of the payload is recorded: all of it, or its head. */
  payload: Schema.Uint8ArrayFromBase64,
  /** The rest of the payload; null: there is none. */
  rest: Schema.NullOr(Digest)
} as const

export const Message = Schema.Struct(messageFields)
export type Message = typeof Message.Type

export const WireCommand = Schema.Union(
  Schema.TaggedStruct("Open", { connection: Connection, descriptors: Schema.Boolean }),
  Schema.TaggedStruct("Forward", messageFields),
  /** Bytes that are no message: behind a size that cannot be, or the beginning of one that never ended. */
  Schema.TaggedStruct("ForwardBytes", { connection: Connection, direction: Direction, digest: Digest }),
  /** A rule has caught a message. */
  Schema.TaggedStruct("Inject", {
    connection: Connection,
    direction: Direction,
    rule: Schema.String,
    command: Schema.String,
    id: Count
  }),
  /** `by`: whose end it was. `reason`: empty if it was an ordinary one. */
  Schema.TaggedStruct("Close", {
    connection: Connection,
    by: Schema.Literal("client", "server", "fault", "recorder"),
    reason: Schema.String
  })
)
export type WireCommand = typeof WireCommand.Type
