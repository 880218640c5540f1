/** What `@stopcopy/vfio-user` offers: messages, server, client. Runs in a browser too; transports are in `@stopcopy/vfio-user/transport`. */
export { type Client, type ClientOptions, makeClient, withTimeout } from "./Client.ts"
export type { Waiting } from "./client/Calls.ts"
export { accessHeadBytes, type Core } from "./client/Core.ts"
export {
  type CallError,
  CallTimedOut,
  Disconnected,
  ProtocolViolation,
  type ServerFailure,
  UnknownErrno,
  VersionRefused
} from "./client/errors.ts"
export type { Features } from "./client/features.ts"
export type { Interrupts, IrqAction, Vectors } from "./client/interrupts.ts"
export type { DmaMapping, Memory, RegionFacts } from "./client/memory.ts"
export type { Negotiated } from "./client/negotiate.ts"
export type { Regions } from "./client/regions.ts"
export { makeRemoteDevice } from "./client/RemoteDevice.ts"
export { Command, type CommandName, commandName } from "./Command.ts"
export type { Accept, CloseDescriptor, Connection, Receiver } from "./Connection.ts"
export * as Header from "./Header.ts"
export * as Message from "./Message.ts"
export * as Messages from "./messages.ts"
export type { Interceptor, Verdict } from "./server/Interceptor.ts"
export type { Host, MapDescriptor, Options } from "./server/Options.ts"
export * as Server from "./server/Server.ts"
export { type GuestOptions, share, type Sharing } from "./sharing/share.ts"
