/** Serves the console on the port of the API: files as they are, and its one page for every address that is a page to a browser. */
import { type HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { Effect } from "effect"
import { type Encoding, encodings, indexPath, isSite, readSite, type SiteFile, usualFolders } from "./files.ts"
import { missingPage } from "./missing.ts"

type Request = HttpServerRequest.HttpServerRequest
type Response = HttpServerResponse.HttpServerResponse

/** Answers GET and HEAD of a path; undefined: it has nothing there. */
export type Site = (request: Request, path: string) => Effect.Effect<Response> | undefined

/** Where the console is to come from. `Usual`: wherever it is found. */
export type Console =
  { readonly _tag: "Off" } | { readonly _tag: "Usual" } | { readonly _tag: "Folder"; readonly folder: string }

/** Nothing from elsewhere, no script or style that stands in a page, no frame around it. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join("; ")

const always = {
  "content-security-policy": policy,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin"
}

const year = "public, max-age=31536000, immutable"

const acceptedEncoding = (request: Request): Encoding | undefined => {
  const accepted = (request.headers["accept-encoding"] ?? "").split(",").map((part) => part.trim().split(";", 1)[0])
  return encodings.find((encoding) => accepted.includes(encoding))
}

const sent = (request: Request, file: SiteFile): Effect.Effect<Response> =>
  Effect.gen(function* () {
    const headers = {
      ...always,
      etag: file.etag,
      vary: "accept-encoding",
      "cache-control": file.isHashed ? year : "no-cache"
    }
    if (request.headers["if-none-match"] === file.etag) return HttpServerResponse.empty({ status: 304, headers })
    const encoding = acceptedEncoding(request)
    const made = encoding === undefined ? undefined : file.encoded(encoding)
    if (encoding === undefined || made === undefined)
      return HttpServerResponse.uint8Array(file.body, { contentType: file.type, headers })
    const body = yield* Effect.promise(() => made)
    return HttpServerResponse.uint8Array(body, {
      contentType: file.type,
      headers: { ...headers, "content-encoding": encoding }
    })
  })

const wantsPage = (request: Request): boolean => (request.headers["accept"] ?? "").includes("text/html")

/** Paths that programs ask: what is not there is said to them in their form, also when somebody looks with a browser. */
const ofPrograms = /^\/(api|assets)\//

const siteAt = (folder: string): Site => {
  const files = readSite(folder)
  const index = files.get(indexPath)
  return (request, path) => {
    const file = path === "/" ? index : files.get(path)
    if (file !== undefined) return sent(request, file)
    return index !== undefined && wantsPage(request) && !ofPrograms.test(path) ? sent(request, index) : undefined
  }
}

const missing = HttpServerResponse.html(missingPage).pipe(
  HttpServerResponse.setStatus(404),
  HttpServerResponse.setHeaders({ ...always, "cache-control": "no-store" })
)

const none: Site = () => undefined

/** Says at `/` how to get one. */
const withoutSite: Site = (_, path) => (path === "/" ? Effect.succeed(missing) : undefined)

/** Reads the console into memory. `program`: the file that runs, from which usual places are looked for. */
export const makeSite = (console: Console, program: string): Site => {
  if (console._tag === "Off") return none
  const folder = console._tag === "Folder" ? console.folder : usualFolders(program).find(isSite)
  return folder === undefined ? withoutSite : siteAt(folder)
}
