/** What `@stopcopy/agent/client` offers: the contract from the caller's side, over a TCP port or a UNIX socket. Node only. */
export type { Address } from "./Address.ts"
export {
  AgentUnreachable,
  CallBroken,
  CallRefused,
  CallTimedOut,
  type ClientError,
  ContractMismatch
} from "./client/errors.ts"
export { type AgentClient, type ClientOptions, makeClient } from "./client/make.ts"
