/** Hosts as the coordinator knows them: where their agent is, what it said last, whether it answers, what is kept free of guests. */
import { PfDescription } from "@stopcopy/agent"
import { Schema, Struct } from "effect"
import { HostName, optional, PfName, Reason, strict, Time } from "./Values.ts"

/** What is kept free of new guests: since when, why, and by which evacuation if it was one. */
export const Cordon = Schema.Struct({
  sinceAt: Time,
  reason: Schema.String,
  evacuation: Schema.NullOr(Schema.String)
}).annotations({ identifier: "Cordon" })
export type Cordon = typeof Cordon.Type

/** `unknown`: registered, and not yet asked. */
export const Health = Schema.Struct({
  state: Schema.Literal("unknown", "reachable", "unreachable"),
  sinceAt: Time,
  /** Why it does not answer; empty if it does. */
  reason: Schema.String
}).annotations({ identifier: "Health" })
export type Health = typeof Health.Type

/** A PF with its VFs, as its agent describes it, and its cordon. */
export const Pf = Schema.Struct({ ...PfDescription.fields, cordon: Schema.NullOr(Cordon) }).annotations({
  identifier: "Pf"
})

const summary = {
  name: HostName,
  /** Where its agent is served: `http://host:port`, `https://host:port` or `unix:path`. */
  address: Schema.String,
  health: Health,
  cordon: Schema.NullOr(Cordon),
  /** When its agent described it last. */
  describedAt: Schema.NullOr(Time)
}

/** A PF in a list: where it is, what it is, and how many VFs it has. */
export const PfSummary = Schema.Struct({
  host: HostName,
  ...Struct.omit(PfDescription.fields, "vfs"),
  cordon: Schema.NullOr(Cordon),
  vfs: Schema.Int
}).annotations({ identifier: "PfSummary" })
export type PfSummary = typeof PfSummary.Type

/** A host in a list. */
export const HostSummary = Schema.Struct({ ...summary, pfs: Schema.Int, vfs: Schema.Int }).annotations({
  identifier: "HostSummary"
})
export type HostSummary = typeof HostSummary.Type

/** A host with its PFs and VFs. */
export const Host = Schema.Struct({ ...summary, pfs: Schema.Array(Pf) }).annotations({ identifier: "Host" })
export type Host = typeof Host.Type

/** A host to be registered: its agent is asked to describe it at once, and must give the same name. */
export const RegisterHost = Schema.Struct({
  name: HostName,
  address: Schema.String.pipe(
    Schema.minLength(1, { message: () => "an address is host:port, unix:/path, or a port" }),
    Schema.maxLength(512, { message: () => "an address has at most 512 characters" })
  )
}).annotations({ identifier: "RegisterHost", ...strict })
export type RegisterHost = typeof RegisterHost.Type

/** Why a host or a PF is kept free of new guests. */
export const CordonRequest = Schema.Struct({ reason: Schema.optionalWith(Reason, { default: () => "" }) }).annotations({
  identifier: "CordonRequest",
  ...strict
})

/** A host, or one of its PFs. */
export const HostOrPf = Schema.Struct({ host: HostName, pf: optional(PfName) })
export type HostOrPf = typeof HostOrPf.Type
