/** What `@stopcopy/vfio-user/transport` offers: UNIX sockets, with and without descriptors. Node only. */
export { closeDescriptor, mapDescriptor, type MappedDescriptor, signalEventfd } from "./transport/Descriptor.ts"
export { ConnectionFailed, DescriptorsLost } from "./transport/DescriptorSocket.ts"
export { createMemfd, DescriptorFailed, type Eventfd, openEventfd } from "./transport/Eventfd.ts"
export { type DescriptorHost, makeDescriptorHost } from "./transport/host.ts"
export { makeKitDescriptors } from "./transport/kit.ts"
export { type Libc, loadLibc, NoLibc } from "./transport/Libc.ts"
export * as Transport from "./transport/Transports.ts"
export {
  type ConnectError,
  type ListenError,
  NotASocket,
  SocketFailed,
  SocketFolderUnsafe,
  SocketInUse,
  SocketPathTooLong
} from "./transport/Transport.ts"
