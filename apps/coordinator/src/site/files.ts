/** The files of the console in memory, each with the headers that it is served with. Source: what Vite builds into `apps/console/dist/site`. */
import { createHash } from "node:crypto"
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs"
import { dirname, extname, join, relative, sep } from "node:path"
import { promisify } from "node:util"
import { brotliCompress, constants, gzip } from "node:zlib"

/** What a browser may be sent, the first one that it takes. */
export const encodings = ["br", "gzip"] as const
export type Encoding = (typeof encodings)[number]

export interface SiteFile {
  readonly body: Uint8Array
  readonly type: string
  readonly etag: string
  /** Its name has a digest of its content: it never changes. */
  readonly isHashed: boolean
  /** Compressed once, when somebody first asks for it; undefined: that would not make it smaller. */
  readonly encoded: (encoding: Encoding) => Promise<Uint8Array> | undefined
}

/** By their path in a URL: `/index.html`. */
type SiteFiles = ReadonlyMap<string, SiteFile>

/** The page that every address of the console begins with. */
export const indexPath = "/index.html"

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".json": "application/json",
  ".wasm": "application/wasm",
  ".woff2": "font/woff2",
  ".png": "image/png",
  ".ico": "image/x-icon"
}

const compressible = /^(text\/|image\/svg|application\/)/

/** A level that takes milliseconds and is within a few percent of the best. */
const brotliQuality = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }

const compress: Readonly<Record<Encoding, (body: Uint8Array) => Promise<Uint8Array>>> = {
  br: (body) => promisify(brotliCompress)(body, brotliQuality),
  gzip: (body) => promisify(gzip)(body)
}

const fileOf = (path: string, body: Uint8Array): SiteFile => {
  const type = types[extname(path)] ?? "application/octet-stream"
  const known = new Map<Encoding, Promise<Uint8Array>>()
  const encoded = (encoding: Encoding): Promise<Uint8Array> => {
    const made = known.get(encoding) ?? compress[encoding](body)
    known.set(encoding, made)
    return made
  }
  return {
    body,
    type,
    etag: `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`,
    isHashed: path.startsWith("/assets/"),
    encoded: (encoding) => (compressible.test(type) ? encoded(encoding) : undefined)
  }
}

/** Whether this folder has a console. */
export const isSite = (folder: string): boolean => existsSync(join(folder, indexPath))

/** Everything below a folder that `isSite`; what tools left there, in folders that begin with a dot, is not served. */
export const readSite = (folder: string): SiteFiles =>
  new Map(
    readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => [`/${relative(folder, file).split(sep).join("/")}`, file] as const)
      .filter(([path]) => !path.includes("/."))
      .map(([path, file]) => [path, fileOf(path, readFileSync(file))])
  )

/** Where a console may be when nobody has said: beside the program, as it is installed, or where a clone builds it. */
export const usualFolders = (program: string): ReadonlyArray<string> => {
  const folder = dirname(existsSync(program) ? realpathSync(program) : program)
  return [join(folder, "console"), join(folder, "../../console/dist/site")]
}
