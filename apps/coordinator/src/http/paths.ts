/** The paths of the API with their methods, read from the API itself: what a request that fits none of them is told, and what metrics call one that does. */
import { HttpApi } from "@effect/platform"
import { CoordinatorApi } from "@stopcopy/coordinator-api"

interface ApiPath {
  /** `/api/v1/hosts/:host` */
  readonly pattern: string
  readonly test: RegExp
  readonly methods: Array<string>
}

const known: ReadonlyArray<ApiPath> = (() => {
  const paths = new Map<string, ApiPath>()
  HttpApi.reflect(CoordinatorApi, {
    onGroup: () => undefined,
    onEndpoint: ({ endpoint: { method, path: pattern } }) => {
      const test = new RegExp(`^${pattern.replaceAll(/:[a-zA-Z]+/g, "[^/]+")}$`)
      const path = paths.get(pattern) ?? { pattern, test, methods: [] }
      path.methods.push(method)
      paths.set(pattern, path)
    }
  })
  return [...paths.values()]
})()

/** The path of a URL, without what follows the question mark. */
export const pathOf = (url: string): string => url.split("?", 1)[0] ?? url

/** Which path of the API this is; undefined: none. Where several fit, the one without parameters. */
export const apiPath = (
  path: string
): { readonly pattern: string; readonly methods: ReadonlyArray<string> } | undefined =>
  known.find(({ pattern }) => pattern === path) ?? known.find(({ test }) => test.test(path))
