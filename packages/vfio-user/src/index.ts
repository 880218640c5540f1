/** What `@stopcopy/vfio-user` offers: messages, server, client. Runs in a browser too; transports are in `@stopcopy/vfio-user/transport`. */
export { Command, type CommandName, commandName } from "./Command.ts"
export type { Accept, CloseDescriptor, Connection, Receiver } from "./Connection.ts"
export * as Header from "./Header.ts"
export * as Message from "./Message.ts"
export * as Messages from "./messages.ts"
