/**
 * The header `Idempotency-Key`: who is not sure whether a request arrived sends it again with the same key. The same body gets the recorded answer, also
 * after a restart of the service; another body is a conflict.
 */
import { Schema } from "effect"

/** The name of the header. */
export const idempotencyHeader = "idempotency-key"

const hint =
  "Idempotency-Key: send 8 to 128 printable characters without spaces that no other request has, such as a UUID"

const Key = Schema.String.pipe(
  Schema.pattern(/^[\x21-\x7e]{8,128}$/, {
    identifier: "IdempotencyKey",
    description: "8 to 128 printable characters without spaces, chosen by the caller, new for every request",
    message: () => hint
  })
)

/** What the document says of a change that may have a key, and needs none. */
const parameter = {
  name: idempotencyHeader,
  in: "header",
  required: false,
  description: "With a key the change is carried out once, and its answer given again",
  schema: { $ref: "#/components/schemas/IdempotencyKey" }
} as const

/** An operation of the document that may have a key: a header that no client has to name. For `OpenApi.Transform`. */
export const mayHaveKey = (operation: Readonly<Record<string, unknown>>): Record<string, unknown> => {
  const { parameters } = operation
  return { ...operation, parameters: [...(Array.isArray(parameters) ? parameters : []), parameter] }
}

export const IdempotencyHeaders = Schema.Struct({
  [idempotencyHeader]: Schema.propertySignature(Key).annotations({ missingMessage: () => hint })
})
