/** What `@stopcopy/agent/server` offers: the contract over HTTP, on a TCP port with TLS or without, or a UNIX socket. Node only. */
export type { Address } from "./Address.ts"
export { fingerprintOf, type ServerCertificate } from "./server/Certificate.ts"
export { CannotServe } from "./server/listen.ts"
export { answerLimit } from "./server/RpcEndpoint.ts"
export { serveGuest } from "./server/serveGuest.ts"
export { checkServing, defaultBodyLimit, serve, type ServeOptions } from "./server/serve.ts"
