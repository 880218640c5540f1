/** What a caller may meet before, or instead of, an answer of the contract. */
import { Data } from "effect"
import { type Address, format } from "../Address.ts"
import { contractVersion } from "../Version.ts"

/** Nobody answered, or the connection was lost: whether the call was carried out is unknown unless nobody listens. */
export class AgentUnreachable extends Data.TaggedError("AgentUnreachable")<{
  readonly address: Address
  readonly call: string
  readonly reason: string
  /** What to look at. */
  readonly hint: string
}> {
  override get message(): string {
    return `${this.call}: no answer from ${format(this.address)}: ${this.reason}; ${this.hint}`
  }
}

/** Who answers could not prove to be the host: another authority, another name, another certificate. Nothing was sent. */
export class AgentNotTrusted extends Data.TaggedError("AgentNotTrusted")<{
  readonly address: Address
  readonly call: string
  readonly reason: string
}> {
  override get message(): string {
    return `${this.call}: ${format(this.address)} is not trusted: ${this.reason}; name its authority or its fingerprint, if it is the host`
  }
}

/** The token would cross the network without TLS. Nothing was sent. */
export class TokenExposed extends Data.TaggedError("TokenExposed")<{ readonly address: Address }> {
  override get message(): string {
    return `${format(this.address)} is another machine, and without TLS whoever is on the way reads the token; use https://, or say that it may be insecure`
  }
}

/** No answer in time. Whether the call was carried out is unknown; it may still be under way. */
export class CallTimedOut extends Data.TaggedError("CallTimedOut")<{
  readonly address: Address
  readonly call: string
  readonly millis: number
}> {
  override get message(): string {
    return `${this.call}: no answer from ${format(this.address)} within ${this.millis} ms; ask for the state before going on`
  }
}

/** The host has another version of the contract. Nothing was done. */
export class ContractMismatch extends Data.TaggedError("ContractMismatch")<{
  readonly address: Address
  /** The version of the host, as it says it. */
  readonly host: string
}> {
  readonly own = contractVersion
  override get message(): string {
    return `${format(this.address)} has version ${this.host} of the contract, this program has ${this.own}; use the same release on both sides`
  }
}

/** The server answered without carrying out the call: no agent (404 and other pages), a wrong token (401), a body too long (413). */
export class CallRefused extends Data.TaggedError("CallRefused")<{
  readonly address: Address
  readonly call: string
  readonly status: number
  readonly reason: string
}> {
  override get message(): string {
    return `${this.call}: ${format(this.address)} answered ${this.status}: ${this.reason}`
  }
}

/** One side broke on the call: a value that the contract does not allow, or a defect of the host. What the call did is unknown. */
export class CallBroken extends Data.TaggedError("CallBroken")<{
  readonly address: Address
  readonly call: string
  readonly reason: string
}> {
  override get message(): string {
    return `${this.call} at ${format(this.address)} broke: ${this.reason}`
  }
}

/** Every failure that is not an answer of the contract. */
export type ClientError =
  AgentUnreachable | AgentNotTrusted | CallTimedOut | ContractMismatch | CallRefused | CallBroken
