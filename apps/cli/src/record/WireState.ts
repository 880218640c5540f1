/** What the messages of a wire add up to: open connections with what is still unanswered, and counts over all connections. */
import { Schema } from "effect"
import { isRequest, stateIn, versionIn, wantsReply } from "./Seen.ts"
import { Direction, type Message } from "./WireCommand.ts"
import type { WireEvent } from "./WireEvent.ts"

/** A request without its reply. */
const Outstanding = Schema.Struct({ direction: Direction, id: Schema.Int, command: Schema.String })

const Connection = Schema.Struct({
  descriptors: Schema.Boolean,
  /** `0.1`; null: nothing was agreed on yet. */
  version: Schema.NullOr(Schema.String),
  /** In the order in which they were sent; ids may repeat. */
  outstanding: Schema.Array(Outstanding)
})
type Connection = typeof Connection.Type

/** Messages of one command. */
const Counts = Schema.Struct({
  requests: Schema.Int,
  replies: Schema.Int,
  errors: Schema.Int,
  /** Of requests and replies, whole messages. */
  bytes: Schema.Int
})
type Counts = typeof Counts.Type

export const WireState = Schema.Struct({
  connections: Schema.Int,
  /** By number. */
  open: Schema.Record({ key: Schema.String, value: Connection }),
  /** As it was last told; null: it was not told since the beginning or a reset. */
  migrationState: Schema.NullOr(Schema.String),
  /** By the name of the command. */
  commands: Schema.Record({ key: Schema.String, value: Counts }),
  /** Error replies by errno. */
  errnos: Schema.Record({ key: Schema.String, value: Schema.Int }),
  faults: Schema.Int
})
export type WireState = typeof WireState.Type

export const initial: WireState = {
  connections: 0,
  open: {},
  migrationState: null,
  commands: {},
  errnos: {},
  faults: 0
}

const noCounts: Counts = { requests: 0, replies: 0, errors: 0, bytes: 0 }

const counted = (counts: Counts = noCounts, message: Message): Counts => ({
  requests: counts.requests + (isRequest(message) ? 1 : 0),
  replies: counts.replies + (isRequest(message) ? 0 : 1),
  errors: counts.errors + (message.errno > 0 ? 1 : 0),
  bytes: counts.bytes + message.size
})

/** A request is added, a reply takes the first request of the other direction with its id. */
const outstandingAfter = (outstanding: Connection["outstanding"], message: Message): Connection["outstanding"] => {
  const { command, direction, id } = message
  if (isRequest(message)) return wantsReply(message) ? [...outstanding, { direction, id, command }] : outstanding
  const at = outstanding.findIndex((each) => each.id === id && each.direction !== direction)
  return at < 0 ? outstanding : outstanding.toSpliced(at, 1)
}

const connectionAfter = (connection: Connection, message: Message): Connection => ({
  ...connection,
  version: versionIn(message) ?? connection.version,
  outstanding: outstandingAfter(connection.outstanding, message)
})

const afterMessage = (state: WireState, message: Message): WireState => {
  const { command, connection: number, errno } = message
  const connection = state.open[number]
  const told = stateIn(message)
  return {
    ...state,
    open: connection === undefined ? state.open : { ...state.open, [number]: connectionAfter(connection, message) },
    migrationState: told === undefined ? state.migrationState : told,
    commands: { ...state.commands, [command]: counted(state.commands[command], message) },
    errnos: errno === 0 ? state.errnos : { ...state.errnos, [errno]: (state.errnos[errno] ?? 0) + 1 }
  }
}

const without = (open: WireState["open"], number: number): WireState["open"] =>
  Object.fromEntries(Object.entries(open).filter(([key]) => key !== String(number)))

export const evolve = (state: WireState, event: WireEvent): WireState => {
  switch (event._tag) {
    case "ConnectionOpened": {
      const { connection, descriptors } = event
      const opened = { descriptors, version: null, outstanding: [] }
      return {
        ...state,
        connections: Math.max(state.connections, connection),
        open: { ...state.open, [connection]: opened }
      }
    }
    case "MessageForwarded":
      return afterMessage(state, event)
    case "BytesForwarded":
      return state
    case "FaultInjected":
      return { ...state, faults: state.faults + 1 }
    case "ConnectionClosed":
      return { ...state, open: without(state.open, event.connection) }
  }
}
