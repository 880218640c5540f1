/** The port to the hosts: what the interpreter needs of an agent. The client of `@stopcopy/agent/client` is one. */
import type {
  ContractMismatch,
  AgentUnreachable,
  CallBroken,
  CallRefused,
  CallTimedOut,
  AgentClient
} from "@stopcopy/agent/client"
import { Context, type Effect } from "effect"

/** The calls that a migration makes. */
export type Agent = Pick<
  AgentClient,
  | "describeOnly"
  | "setState"
  | "getState"
  | "dataSize"
  | "save"
  | "resume"
  | "reset"
  | "digest"
  | "grant"
  | "adopt"
  | "fence"
>

/** Why a host cannot be spoken to. */
export type NoAgent = AgentUnreachable | CallTimedOut | ContractMismatch | CallRefused | CallBroken

/** Gives the agent of a host by the name that orders have; connects as it likes. */
export class Agents extends Context.Tag("@stopcopy/migration/Agents")<
  Agents,
  { readonly of: (host: string) => Effect.Effect<Agent, NoAgent> }
>() {}
