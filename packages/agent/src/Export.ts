/**
 * What a host hands out of its journal: an incident bundle of everything that it recorded for one migration. Read-only; needs no epoch. What is in such a
 * bundle is `@stopcopy/debugger`'s, and means nothing here: bytes.
 */
import { Rpc } from "@effect/rpc"
import { Schema } from "effect"
import { HostFailed } from "./Errors.ts"
import { Bytes, MigrationId } from "./Values.ts"

/** Fields that one export leaves out, at most, and the characters of a field's name. */
const redactLimits = { fields: 64, characters: 256 } as const

/** Bytes of one message of an export, at most. */
export const exportChunk = 128 * 1024

/** Bytes of an export that may be asked for, at most: 64 MiB, packed. */
const exportLimit = 64 * 1024 * 1024

/** What to hand out. */
export const ExportRequest = Schema.Struct({
  /** The correlation id under which the host recorded it. */
  migration: MigrationId,
  /** Fields whose values stay on the host, as the debugger names them. */
  redact: Schema.Array(Schema.String.pipe(Schema.maxLength(redactLimits.characters))).pipe(
    Schema.maxItems(redactLimits.fields)
  ),
  /** Bytes that are wanted, at most. */
  limit: Schema.Int.pipe(Schema.between(1, exportLimit))
})
export type ExportRequest = typeof ExportRequest.Type

/** The host hands nothing out: it has no journal to show, nothing of this migration, or more than was asked for. */
export class ExportRefused extends Schema.TaggedError<ExportRefused>()("ExportRefused", { reason: Schema.String }) {
  override get message(): string {
    return `nothing is exported: ${this.reason}`
  }
}

/** The bundle in pieces, in their order; the stream ends with the last one. */
export const Export = Rpc.make("Export", {
  payload: ExportRequest,
  success: Bytes,
  error: Schema.Union(ExportRefused, HostFailed),
  stream: true
})
