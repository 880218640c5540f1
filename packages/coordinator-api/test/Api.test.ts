/** The API as a document, and its values as they are read and written. */
import { HttpApi, OpenApi } from "@effect/platform"
import { assert, it } from "@effect/vitest"
import {
  ApiError,
  apiPrefix,
  CoordinatorApi,
  inPath,
  isOfMigration,
  MigrationId,
  MigrationRequest,
  ReadAccess,
  OperateAccess
} from "@stopcopy/coordinator-api"
import { Either, Schema } from "effect"

const endpoints: Array<{
  readonly name: string
  readonly method: string
  readonly middlewares: ReadonlyArray<string>
}> = []
HttpApi.reflect(CoordinatorApi, {
  onGroup: () => undefined,
  onEndpoint: ({ endpoint, group, middleware }) => {
    endpoints.push({
      name: `${group.identifier}.${endpoint.name}`,
      method: endpoint.method,
      middlewares: [...middleware].map(({ key }) => key)
    })
  }
})

/** Questions that have a body. */
const questions = new Set(["preflight.check", "evacuations.plan"])

it("whoever reads may ask, and who changes something must operate", () => {
  assert.isAbove(endpoints.length, 25)
  for (const { method, middlewares, name } of endpoints) {
    const reads = method === "GET" || questions.has(name)
    assert.deepStrictEqual(middlewares, [reads ? ReadAccess.key : OperateAccess.key], name)
  }
})

it("the document describes every endpoint, its errors and its tokens", () => {
  const document = OpenApi.fromApi(CoordinatorApi)
  const operations = Object.entries(document.paths).flatMap(([path, item]) => {
    assert.isTrue(path.startsWith(`${apiPrefix}/`))
    return Object.values(item)
  })
  assert.lengthOf(operations, endpoints.length)
  for (const { operationId, responses, security, summary } of operations) {
    assert.match(summary ?? "", /^[A-Z]/, operationId)
    assert.deepStrictEqual(security, [{ bearer: [] }], operationId)
    assert.includeMembers(Object.keys(responses), ["400", "401", "503"], operationId)
  }
})

/** Every value in a document, at any depth. */
const valuesIn = (value: unknown): ReadonlyArray<unknown> =>
  typeof value === "object" && value !== null ? [value, ...Object.values(value).flatMap(valuesIn)] : [value]

it("the document is one of OpenAPI 3.1: names resolve, ids are unique, what stands in a path is described", () => {
  const document = OpenApi.fromApi(CoordinatorApi)
  assert.strictEqual(document.openapi, "3.1.0")
  assert.deepStrictEqual(JSON.parse(JSON.stringify(document)), document, "it is JSON")
  const references = valuesIn(document).filter((value) => typeof value === "string" && value.startsWith("#/"))
  assert.isAbove(references.length, 50)
  const known = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`)
  for (const reference of new Set(references)) assert.include(known, reference)
  const ids: Array<string> = []
  for (const [path, item] of Object.entries(document.paths)) {
    const inPath = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name)
    for (const { operationId, parameters, responses, tags } of Object.values(item)) {
      ids.push(operationId)
      const described = parameters.filter((parameter) => parameter.in === "path")
      assert.sameMembers(
        described.map(({ name }) => name),
        inPath,
        operationId
      )
      assert.isTrue(
        described.every(({ required }) => required),
        operationId
      )
      assert.isTrue(
        tags.every((tag) => document.tags.some(({ name }) => name === tag)),
        operationId
      )
      for (const [status, { description }] of Object.entries(responses)) {
        assert.match(status, /^[2-5][0-9]{2}$/, operationId)
        assert.isNotEmpty(description, operationId)
      }
    }
  }
  assert.strictEqual(new Set(ids).size, ids.length)
})

it("every error survives its JSON", () => {
  const refusal = { code: "a.b", rule: "r", where: "w", source: "1", destination: "2", remedy: "do" }
  for (const tag of ["InvalidRequest", "Conflict", "Refused", "Broken"] as const) {
    const json = { _tag: tag, code: "a.b", message: "m", refusals: [refusal] }
    const error = Schema.decodeSync(ApiError)(json)
    assert.deepStrictEqual([error._tag, error.message], [tag, "m"])
    assert.deepStrictEqual(Schema.encodeSync(ApiError)(error), json)
  }
})

it("an id with slashes is one part of a path", () => {
  const id = inPath(MigrationId)
  assert.strictEqual(Schema.encodeSync(id)("e-1/2"), "e-1%2F2")
  assert.strictEqual(Schema.decodeSync(id)("e-1/2"), "e-1/2")
})

it("what is left out of a request has its default, and what is unknown in it is a mistake", () => {
  const read = Schema.decodeUnknownEither(MigrationRequest)
  const request = read({ from: "alpha", devices: ["pf0/vf0"] })
  assert.deepStrictEqual(Either.getOrThrow(request), {
    from: "alpha",
    devices: ["pf0/vf0"],
    priority: 5,
    whenOver: { _tag: "Abort" }
  })
  assert.isTrue(Either.isLeft(read({ from: "alpha", devices: ["pf0/vf0"], speed: 9 })))
  assert.isTrue(Either.isLeft(read({ from: "alpha" })))
})

it("an event belongs to a migration by the id of its first attempt, or of a later one", () => {
  const of = (correlation: string) => isOfMigration({ correlation }, "e-1/2")
  assert.deepStrictEqual(["e-1/2", "e-1/2.2", "e-1/2.10", "e-1/22", "e-1/2.x", "e-1/2.2.3", "e-1"].map(of), [
    true,
    true,
    true,
    false,
    false,
    false,
    false
  ])
})
