/** How calls of a client fail, beside the errnos that the server answers. Source: sections 2 and 17 of the vfio-user specification. */
import { type Errno, fromNumber } from "@stopcopy/errno"
import { Option, Schema } from "effect"
import { commandName } from "../Command.ts"

/** The server answered an errno that this project has no class for; the number is passed on. */
export class UnknownErrno extends Schema.TaggedError<UnknownErrno>()("UnknownErrno", {
  errno: Schema.Int,
  command: Schema.Int
}) {
  override get message(): string {
    return `${commandName(this.command)}: the server answered errno ${this.errno}`
  }
}

/** No reply came in time; a late one is ignored. The server may have done what was asked. */
export class CallTimedOut extends Schema.TaggedError<CallTimedOut>()("CallTimedOut", {
  command: Schema.Int,
  millis: Schema.Number
}) {
  override get message(): string {
    return `${commandName(this.command)}: no reply within ${this.millis} ms`
  }
}

/** The connection has ended. The server may have done what was asked. */
export class Disconnected extends Schema.TaggedError<Disconnected>()("Disconnected", { reason: Schema.String }) {
  override get message(): string {
    return `the connection to the device has ended: ${this.reason}`
  }
}

/** The server broke the protocol; the connection was closed because the stream cannot be trusted any more. */
export class ProtocolViolation extends Schema.TaggedError<ProtocolViolation>()("ProtocolViolation", {
  rule: Schema.String,
  found: Schema.String
}) {
  override get message(): string {
    return `the server broke the protocol: ${this.rule}, found ${this.found}`
  }
}

/** The server proposes what this client cannot work with. */
export class VersionRefused extends Schema.TaggedError<VersionRefused>()("VersionRefused", {
  rule: Schema.String,
  found: Schema.String
}) {
  override get message(): string {
    return `no common version of vfio-user: ${this.rule}, found ${this.found}`
  }
}

/** Everything that can go wrong with a call. */
export type CallError = Errno | ServerFailure
/** The same without the errnos of the protocol. */
export type ServerFailure = UnknownErrno | CallTimedOut | Disconnected | ProtocolViolation

/** The error for the errno of an error reply; 0 and all other numbers come through. */
export const errorOf = (errno: number, command: number): Errno | UnknownErrno =>
  Option.getOrElse(fromNumber(errno), () => new UnknownErrno({ errno, command }))
