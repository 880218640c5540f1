/**
 * The client without effects: calls with callbacks over a connection. Source: sections 1 and 2 of the vfio-user specification.
 *
 * C1 Messages of one turn go out with one `send`; so do those that replies of one `received` lead to.
 * C2 Replies are matched by message id, in any order; one that nobody asked for, for another command, or too short ends the connection.
 * C3 Whoever waits is told once: a reply, an error, a timeout, or the end of the connection. After `forget` nothing.
 * C4 Descriptors that come in are closed: this client maps no regions, and asks for no twin socket.
 */
import { EAGAIN } from "@stopcopy/errno"
import { Command, commandName } from "../Command.ts"
import type { CloseDescriptor, Connection, Receiver } from "../Connection.ts"
import { errorReply, headerBytes, typeCommand, typeMask, typeReply } from "../Header.ts"
import { encodeCommand } from "../Message.ts"
import * as RegionAccess from "../messages/RegionAccess.ts"
import { type Calls, makeCalls, type Waiting } from "./Calls.ts"
import { CallTimedOut, Disconnected, errorOf, ProtocolViolation } from "./errors.ts"
import { Inbox } from "./Inbox.ts"
import { makeOutbox, type Outbox } from "./Outbox.ts"
import type { ServeCommand } from "./ServerCommands.ts"

/** The most data that a server may put into one message, in bytes: what this client announces. */
export const announcedDataBytes = 1024 * 1024

/** The largest message that is taken: data, and the heads of the command with most of them. */
const maxMessageBytes = announcedDataBytes + 4096

/** The unit of timeouts, in milliseconds. */
export const tickMillis = 100

interface CoreOptions {
  readonly closeDescriptor: CloseDescriptor
  /** Answers what the server asks. */
  readonly serve: ServeCommand
}

/** A command as a whole. */
interface Call {
  readonly command: number
  readonly payload: Uint8Array
  /** The least size of the reply's payload, in bytes. */
  readonly leastBytes: number
  readonly ticks: number
  readonly descriptors?: ReadonlyArray<number>
}

export interface Core {
  readonly passesDescriptors: boolean
  /** Sends a command; gives its id for `forget`, or -1 when `waiting` was told of a failure already. */
  readonly call: (call: Call, waiting: Waiting) => number
  /** Sends a command that is not answered, not even with an error. After the end of the connection it does nothing. */
  readonly post: (command: number, payload: Uint8Array) => void
  /** REGION_READ of `count` bytes, which is at least 1. The data in the reply are at `at + 32`. */
  readonly read: (region: number, offset: number, count: number, ticks: number, waiting: Waiting) => number
  /** REGION_WRITE. `bytes` may be changed when it returns. */
  readonly write: (region: number, offset: number, bytes: Uint8Array, ticks: number, waiting: Waiting) => number
  /** REGION_WRITE without a reply. */
  readonly postWrite: (region: number, offset: number, bytes: Uint8Array) => void
  readonly forget: (id: number, waiting: Waiting) => void
  /** A unit of timeouts has passed. */
  readonly tick: () => void
  /** Whether the connection takes more; `onDrained` is called once when it does again, or has ended. */
  readonly isFull: () => boolean
  readonly onDrained: (run: () => void) => () => void
  /** The connection cannot go on: closes it, and tells everybody. */
  readonly violate: (rule: string, found: string) => ProtocolViolation
  readonly close: () => void
  /** Why it has ended; undefined: it has not. */
  readonly ended: () => Disconnected | ProtocolViolation | undefined
}

/** Size of a REGION_READ or REGION_WRITE without data, with its header, in bytes. */
export const accessHeadBytes = headerBytes + RegionAccess.headBytes

/** What the parts of one core share. */
interface State {
  ended: Disconnected | ProtocolViolation | undefined
  readonly drained: Set<() => void>
}

const tooManyCalls = (): EAGAIN =>
  new EAGAIN({
    refusal: {
      code: "vfio-user.client.calls",
      rule: "a connection has at most 65536 calls under way",
      where: "client",
      source: "one more",
      destination: "65536",
      remedy: "wait for replies first"
    }
  })

const wakeAll = (state: State): void => {
  const waiting = [...state.drained]
  state.drained.clear()
  for (const wake of waiting) wake()
}

/** Serves the client's side of `connection`. */
export const makeCore = (
  connection: Connection,
  { closeDescriptor, serve }: CoreOptions
): { readonly core: Core; readonly receiver: Receiver } => {
  const state: State = { ended: undefined, drained: new Set() }
  const calls = makeCalls()
  const outbox = makeOutbox(connection)
  const end = (reason: Disconnected | ProtocolViolation): void => {
    if (state.ended !== undefined) return
    state.ended = reason
    for (const each of inbox.stop()) closeDescriptor(each)
    calls.failAll(reason)
    wakeAll(state)
  }
  const violate = (rule: string, found: string): ProtocolViolation => {
    const violation = new ProtocolViolation({ rule, found })
    end(violation)
    connection.close()
    return violation
  }
  const inbox: Inbox = new Inbox(
    maxMessageBytes,
    (view, at, size, descriptors) => {
      const flags = view.getUint32(at + 8, true)
      const type = flags & typeMask
      for (const each of descriptors) closeDescriptor(each)
      if (type === typeReply) reply(view, at, size, flags)
      else if (type === typeCommand) serve(view, at, size, outbox, violate)
      else violate("a message is a command or a reply", `type ${type}`)
    },
    (size) => violate(`a message has ${headerBytes} to ${maxMessageBytes} bytes`, `${size} bytes`)
  )
  const reply = makeReply(calls, violate)
  const receiver: Receiver = {
    received: (bytes, descriptors) => {
      outbox.hold()
      if (state.ended === undefined) inbox.received(bytes, descriptors)
      else for (const each of descriptors) closeDescriptor(each)
      outbox.release()
    },
    drained: () => {
      outbox.drained()
      wakeAll(state)
    },
    closed: (failure) => end(new Disconnected({ reason: failure?.message ?? "closed" }))
  }
  const core: Core = {
    passesDescriptors: connection.passesDescriptors,
    ...makeSending(calls, outbox, state),
    forget: calls.forget,
    tick: () => calls.tick((waiting, command, ticks) => waiting.failed(timedOut(command, ticks))),
    isFull: () => outbox.isFull() && state.ended === undefined,
    onDrained: (run) => {
      state.drained.add(run)
      return () => void state.drained.delete(run)
    },
    violate,
    close: () => {
      outbox.flush()
      end(new Disconnected({ reason: "closed by this side" }))
      connection.close()
    },
    ended: () => state.ended
  }
  return { core, receiver }
}

const timedOut = (command: number, ticks: number): CallTimedOut =>
  new CallTimedOut({ command, millis: ticks * tickMillis })

type Violate = (rule: string, found: string) => void

/** Hands a reply to whoever waits. */
const makeReply =
  (calls: Calls, violate: Violate) =>
  (view: DataView, at: number, size: number, flags: number): void => {
    const id = view.getUint16(at, true)
    const command = view.getUint16(at + 2, true)
    const waiting = calls.waiting(id)
    if (waiting === undefined) {
      return violate("a reply has the id of a call that waits", `id ${id}, ${commandName(command)}`)
    }
    if (command !== calls.command(id)) {
      return violate(`the reply to ${commandName(calls.command(id))} repeats its command`, commandName(command))
    }
    if ((flags & errorReply) !== 0) {
      calls.end(id)
      return waiting.failed(errorOf(view.getUint32(at + 12, true), command))
    }
    const least = calls.leastBytes(id)
    if (size < least) {
      return violate(`the reply to ${commandName(command)} has at least ${least} bytes`, `${size} bytes`)
    }
    calls.end(id)
    waiting.replied(view, at, size)
  }

type Sending = Pick<Core, "call" | "post" | "read" | "write" | "postWrite">

const makeSending = (calls: Calls, outbox: Outbox, state: State): Sending => {
  /** The id of a new call, or -1 after telling `waiting` why there is none. */
  const begin = (command: number, leastBytes: number, ticks: number, waiting: Waiting): number => {
    if (state.ended !== undefined) {
      waiting.failed(state.ended)
      return -1
    }
    const id = calls.begin(command, leastBytes, ticks, waiting)
    if (id < 0) waiting.failed(tooManyCalls())
    return id
  }
  const writeCommand = (id: number, region: number, offset: number, bytes: Uint8Array, wantsReply: boolean): void => {
    const at = outbox.command(id, Command.REGION_WRITE, RegionAccess.headBytes + bytes.length, wantsReply)
    RegionAccess.writeHead(outbox.view(), at, offset, region, bytes.length)
    outbox.bytes().set(bytes, at + RegionAccess.headBytes)
  }
  return {
    call: ({ command, descriptors = [], leastBytes, payload, ticks }, waiting) => {
      const id = begin(command, headerBytes + leastBytes, ticks, waiting)
      if (id < 0) return id
      const message = encodeCommand(id, command, payload)
      if (descriptors.length > 0) outbox.sendAlone(message, descriptors)
      else outbox.add(message)
      return id
    },
    post: (command, payload) => {
      if (state.ended === undefined) outbox.add(encodeCommand(0, command, payload, false))
    },
    read: (region, offset, count, ticks, waiting) => {
      const id = begin(Command.REGION_READ, accessHeadBytes + count, ticks, waiting)
      if (id < 0) return id
      const at = outbox.command(id, Command.REGION_READ, RegionAccess.headBytes, true)
      RegionAccess.writeHead(outbox.view(), at, offset, region, count)
      return id
    },
    write: (region, offset, bytes, ticks, waiting) => {
      const id = begin(Command.REGION_WRITE, accessHeadBytes, ticks, waiting)
      if (id >= 0) writeCommand(id, region, offset, bytes, true)
      return id
    },
    postWrite: (region, offset, bytes) => {
      if (state.ended === undefined) writeCommand(0, region, offset, bytes, false)
    }
  }
}
