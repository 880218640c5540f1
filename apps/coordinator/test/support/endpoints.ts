/** Every endpoint of the API, read from its document, with a request to it that is right in its form; and what can be wrong with each. */
import { OpenApi } from "@effect/platform"
import { CoordinatorApi } from "@stopcopy/coordinator-api"
import { Schema } from "effect"
import type { Sent } from "./requests.ts"

/** Values by name. */
type Values = Readonly<Record<string, unknown>>

export interface Endpoint {
  readonly id: string
  readonly method: string
  /** `/api/v1/hosts/{host}` */
  readonly pattern: string
  readonly parameters: ReadonlyArray<{ readonly name: string; readonly in: string }>
  /** Fields of the body; undefined: it has none. */
  readonly fields: ReadonlyArray<string> | undefined
  /** Who has the role read may call it. */
  readonly reads: boolean
}

const Properties = Schema.Struct({ properties: Schema.Record({ key: Schema.String, value: Schema.Unknown }) })
const isObject = Schema.is(Properties)
const isReference = Schema.is(Schema.Struct({ $ref: Schema.String }))

const document = OpenApi.fromApi(CoordinatorApi)
const schemas: Values = { ...document.components.schemas }

const fieldsOf = (schema: unknown): ReadonlyArray<string> => {
  if (isReference(schema)) return fieldsOf(schemas[schema.$ref.split("/").at(-1) ?? ""])
  if (isObject(schema)) return Object.keys(schema.properties)
  throw new Error(`a body that is no object: ${JSON.stringify(schema)}`)
}

/** Questions that have a body. */
const questions: ReadonlyArray<string> = ["preflight.check", "evacuations.plan"]

export const endpoints: ReadonlyArray<Endpoint> = Object.entries(document.paths).flatMap(([pattern, item]) =>
  Object.entries(item).map(([method, { operationId, parameters, requestBody }]) => {
    const schema: unknown = requestBody?.content["application/json"]?.schema
    return {
      id: operationId,
      method: method.toUpperCase(),
      pattern,
      parameters: parameters.map(({ in: place, name }) => ({ name, in: place })),
      fields: schema === undefined ? undefined : fieldsOf(schema),
      reads: method === "get" || questions.includes(operationId)
    }
  })
)

const policy = {
  limits: { fleet: 16, host: 4, pf: 2 },
  ageingMillis: 60_000,
  downtimeLimitMillis: 300,
  retry: { attempts: 3, baseMillis: 1000, maxMillis: 60_000, jitter: 0.5 },
  breaker: { failures: 5, pauseMillis: 30_000, maxPauseMillis: 600_000 }
}
const guest = { from: "nowhere", devices: ["pf0/vf0"] }

/** Bodies that are right in their form, about things that nobody has. */
const bodies: Values = {
  "hosts.register": { name: "nowhere", address: "unix:/nowhere.sock" },
  "hosts.cordon": { reason: "why not" },
  "hosts.cordonPf": { reason: "why not" },
  "groups.define": { host: "nowhere", devices: ["pf0/vf0"] },
  "preflight.check": guest,
  "migrations.start": guest,
  "migrations.cancel": {},
  "migrations.redirect": {},
  "migrations.resolve": { verdict: "source", accepting: "" },
  "evacuations.plan": { host: "nowhere" },
  "evacuations.start": { host: "nowhere" },
  "policy.put": policy
}

const needed: Readonly<Record<string, string>> = {
  "vfs.placements": "host=nowhere&device=pf0%2Fvf0",
  "events.follow": "follow=false"
}

const isStart = (id: string): boolean => id === "migrations.start" || id === "evacuations.start"

/** What of a right request is made wrong. */
export interface Changed {
  readonly path?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly fields?: Values
}

/** A request to the endpoint, right in its form but for what is changed. */
export const requestTo = ({ fields, id, method, pattern }: Endpoint, changed: Changed = {}): Sent => {
  const path = pattern.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(changed.path?.[name] ?? "nowhere")
  )
  const query = new URLSearchParams(needed[id] ?? "")
  for (const [name, value] of Object.entries(changed.query ?? {})) query.set(name, value)
  const body = bodies[id]
  const known = typeof body === "object" ? body : {}
  return {
    method,
    path: query.size === 0 ? path : `${path}?${query.toString()}`,
    headers: { ...(isStart(id) ? { "idempotency-key": `key-of-${id}` } : {}), ...changed.headers },
    ...(fields === undefined ? {} : { body: { ...known, ...changed.fields } })
  }
}
