/** The paths of the API with their methods, read from the API itself: what a request that fits none of them is told, and what metrics call one that does. */
import { HttpApi } from "@effect/platform"
import { CoordinatorApi } from "@stopcopy/coordinator-api"
import { Option } from "effect"

/** What a method of a path takes beside the path. */
interface Takes {
  readonly query: boolean
  readonly body: boolean
}

interface ApiPath {
  /** `/api/v1/hosts/:host` */
  readonly pattern: string
  readonly test: RegExp
  readonly methods: Map<string, Takes>
}

const known: ReadonlyArray<ApiPath> = (() => {
  const paths = new Map<string, ApiPath>()
  HttpApi.reflect(CoordinatorApi, {
    onGroup: () => undefined,
    onEndpoint: ({ endpoint: { method, path: pattern, payloadSchema, urlParamsSchema } }) => {
      const test = new RegExp(`^${pattern.replaceAll(/:[a-zA-Z]+/g, "[^/]+")}$`)
      const path = paths.get(pattern) ?? { pattern, test, methods: new Map<string, Takes>() }
      path.methods.set(method, { query: Option.isSome(urlParamsSchema), body: Option.isSome(payloadSchema) })
      paths.set(pattern, path)
    }
  })
  return [...paths.values()]
})()

/** The path of a URL, without what follows the question mark. */
export const pathOf = (url: string): string => url.split("?", 1)[0] ?? url

/** What follows the question mark; empty if nothing does. */
export const queryOf = (url: string): string => url.slice(pathOf(url).length + 1)

/** Which path of the API this is; undefined: none. Where several fit, the one without parameters. */
export const apiPath = (
  path: string
): { readonly pattern: string; readonly methods: ReadonlyMap<string, Takes> } | undefined =>
  known.find(({ pattern }) => pattern === path) ?? known.find(({ test }) => test.test(path))
