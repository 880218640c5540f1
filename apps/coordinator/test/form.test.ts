/** The form of every request: whatever parameter, header or field of whatever endpoint is wrong, the answer names it, and nothing changes. Read from the API. */
import { assert, describe, it } from "@effect/vitest"
import { ApiError, idempotencyHeader } from "@stopcopy/coordinator-api"
import { Effect, Schema } from "effect"
import { type Changed, type Endpoint, endpoints, requestTo } from "./support/endpoints.ts"
import { type Sent, send } from "./support/requests.ts"
import { startCoordinator } from "./support/world.ts"

/** Nothing in the API is written like this. */
const wrongText = "?"
/** No field of a body is one of these at its top. */
const wrongField = false

interface Wrong {
  readonly what: string
  readonly sent: Sent
  readonly status: number
  readonly code: string
  readonly says: string
}

const placeOf: Readonly<Record<string, (name: string) => Changed>> = {
  path: (name) => ({ path: { [name]: wrongText } }),
  query: (name) => ({ query: { [name]: wrongText } }),
  header: (name) => ({ headers: { [name]: wrongText } })
}

const parametersOf = (endpoint: Endpoint): ReadonlyArray<Wrong> =>
  endpoint.parameters.map(({ in: place, name }) => ({
    what: `${endpoint.id}: ${place} ${name}`,
    sent: requestTo(endpoint, placeOf[place]?.(name)),
    status: 400,
    code: "request.invalid",
    says: name
  }))

const fieldsOf = (endpoint: Endpoint): ReadonlyArray<Wrong> =>
  [...(endpoint.fields ?? []), "unknownField"].map((name) => ({
    what: `${endpoint.id}: field ${name}`,
    sent: requestTo(endpoint, { fields: { [name]: wrongField } }),
    status: 400,
    code: "request.invalid",
    says: name
  }))

const bodyOf = (endpoint: Endpoint): ReadonlyArray<Wrong> => {
  const row = (what: string, sent: Partial<Sent>, status: number, code: string, says: string): Wrong => {
    const right = requestTo(endpoint)
    const headers = { ...right.headers, ...sent.headers }
    return { what: `${endpoint.id}: ${what}`, sent: { ...right, ...sent, headers }, status, code, says }
  }
  if (endpoint.fields === undefined) {
    const sent = { body: { more: 1 } }
    return endpoint.method === "GET" ? [] : [row("a body", sent, 400, "request.body", "takes no body")]
  }
  return [
    ...fieldsOf(endpoint),
    row("no JSON", { body: "{" }, 400, "request.json", "no JSON"),
    row("another type", { headers: { "content-type": "text/plain" } }, 415, "request.content-type", "text/plain"),
    row("too long", { body: { x: "x".repeat(70_000) } }, 413, "request.size", "65536")
  ]
}

const queryOf = (endpoint: Endpoint): Wrong => {
  const takes = endpoint.parameters.some((parameter) => parameter.in === "query")
  const sent = requestTo(endpoint, { query: { unknownParameter: "1" } })
  const code = takes ? "request.invalid" : "request.query"
  return { what: `${endpoint.id}: unknown parameter`, sent, status: 400, code, says: "unknownParameter" }
}

const table = endpoints.flatMap((endpoint) => [...parametersOf(endpoint), ...bodyOf(endpoint), queryOf(endpoint)])

const decode = Schema.decodeUnknownSync(ApiError)

describe("a wrong form", () => {
  it("is looked for at every endpoint, in all that it takes", () => {
    assert.isAbove(endpoints.length, 28)
    assert.isAbove(table.length, 150)
    const keyed = endpoints.filter(({ parameters }) => parameters.some(({ name }) => name === idempotencyHeader))
    assert.deepStrictEqual(
      keyed.map(({ id }) => id),
      endpoints.filter(({ reads }) => !reads).map(({ id }) => id),
      "every change may have a key"
    )
    for (const { id } of endpoints) {
      assert.isTrue(
        table.some(({ what }) => what.startsWith(`${id}:`)),
        id
      )
    }
  })

  it.scopedLive("is named, and changes nothing", () =>
    Effect.gen(function* () {
      const { journal, url } = yield* startCoordinator()
      for (const { code, says, sent, status, what } of table) {
        const answered = yield* send(url, sent)
        const place = `${what}: ${answered.status} ${answered.text}`
        assert.strictEqual(answered.status, status, place)
        const error = decode(answered.json)
        assert.strictEqual(error.code, code, place)
        assert.include(error.message.toLowerCase(), says.toLowerCase(), place)
        assert.strictEqual((yield* journal.head()).sequence, 0, place)
      }
    }).pipe(Effect.timeout("30 seconds"))
  )
})

const tokens = [
  { role: "operate", name: "the operator", secret: "secret-of-an-operator" },
  { role: "read", name: "the screen", secret: "secret-of-a-screen" }
] as const

describe("every endpoint", () => {
  it.scopedLive("asks for a token, and for the role that it needs", () =>
    Effect.gen(function* () {
      const { url } = yield* startCoordinator({ tokens })
      const statusOf = (endpoint: Endpoint, authorization: string) =>
        Effect.map(
          send(url, requestTo(endpoint, { headers: authorization === "" ? {} : { authorization } })),
          ({ status }) => status
        )
      for (const endpoint of endpoints) {
        assert.strictEqual(yield* statusOf(endpoint, ""), 401, endpoint.id)
        assert.strictEqual(yield* statusOf(endpoint, "Bearer secret-of-nobody-here"), 401, endpoint.id)
        assert.strictEqual(yield* statusOf(endpoint, "Basic secret-of-an-operator"), 401, endpoint.id)
        const read = yield* statusOf(endpoint, "Bearer secret-of-a-screen")
        if (endpoint.reads) assert.notInclude([401, 403], read, endpoint.id)
        else assert.strictEqual(read, 403, endpoint.id)
        const operate = yield* statusOf(endpoint, "Bearer secret-of-an-operator")
        assert.notInclude([401, 403], operate, endpoint.id)
      }
    }).pipe(Effect.timeout("30 seconds"))
  )
})
