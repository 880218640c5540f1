/** The incident bundle of a migration: everything that the coordinator and both hosts recorded for it, in one compressed file. */
import { HttpApiEndpoint, HttpApiSchema, OpenApi } from "@effect/platform"
import { Schema } from "effect"
import { ReadAccess } from "./Access.ts"
import { NotFound } from "./Errors.ts"
import { MigrationId, inPath, optional, strict, whole } from "./Values.ts"

/** Fields that one bundle leaves out, at most. */
const redactLimit = 64

/** Attempts that somebody may ask for: a migration has few. */
const attemptLimit = 1000

const FieldNames = Schema.split(",").pipe(
  Schema.maxItems(redactLimit, { message: () => `redact: at most ${redactLimit} fields` })
)

export const BundleQuery = Schema.Struct({
  /** Which attempt, from 1. Left out: the last one. */
  attempt: optional(Schema.compose(Schema.NumberFromString, whole(1, attemptLimit, "an attempt"))),
  /** Names or paths of fields, with commas between them: their values stay where they are, on the hosts too. */
  redact: optional(FieldNames)
}).annotations(strict)
export type BundleQuery = typeof BundleQuery.Type

/** What a bundle is on the wire. */
export const bundleContentType = "application/gzip"

const Bytes = HttpApiSchema.Uint8Array({ contentType: bundleContentType }).annotations({
  description: "An incident bundle: stopcopy bundle open, or the console's time travel, shows what is in it"
})

const id = HttpApiSchema.param("id", inPath(MigrationId))

export const bundle = HttpApiEndpoint.get("bundle")`/migrations/${id}/bundle`
  .setUrlParams(BundleQuery)
  .addSuccess(Bytes)
  .addError(NotFound)
  .annotate(OpenApi.Summary, "Download everything that was recorded for a migration")
  .annotate(
    OpenApi.Description,
    "The journals of the coordinator, the source and the destination, as far as they belong to one attempt, as one incident bundle. Each host makes its own part; one that " +
      "does not answer, hands nothing out or has too much is named in the bundle's header with the reason. What `redact` names never leaves its host."
  )
  .middleware(ReadAccess)
