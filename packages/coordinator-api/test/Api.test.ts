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
