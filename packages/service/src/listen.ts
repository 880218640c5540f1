/** What `@stopcopy/service/listen` offers: an HTTP server on a TCP port, with TLS where there is a certificate. Node only. */
export { Connections } from "./listen/Connections.ts"
export { CannotListen, type Listening, type ListenOptions, listen, type Tls } from "./listen/listen.ts"
