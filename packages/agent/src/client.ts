/** What `@stopcopy/agent/client` offers: the contract from the caller's side, over a TCP port with TLS or without, or a UNIX socket. Node only. */
export type { Address } from "./Address.ts"
export {
  AgentNotTrusted,
  AgentUnreachable,
  CallBroken,
  CallRefused,
  CallTimedOut,
  type ClientError,
  ContractMismatch,
  TokenExposed
} from "./client/errors.ts"
export { type AgentClient, type ClientOptions, defaultAnswerBytes, makeClient } from "./client/make.ts"
export { type GuestAt, guestAt } from "./client/guestAt.ts"
export { normalFingerprint, type Trust } from "./client/Trust.ts"
