/** The built console on a server that knows nothing but files: what a bundle is opened with where no coordinator is. */
import { Effect, type Scope } from "effect"
import { readFile } from "node:fs/promises"
import { createServer, type Server } from "node:http"
import { extname, join } from "node:path"

const site = join(import.meta.dirname, "../../dist/site")

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css"
}

const listening = (server: Server): Promise<string> =>
  new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      resolve(`http://127.0.0.1:${typeof address === "object" ? address?.port : address}`)
    })
  })

/** Where it is, until the scope closes. */
export const staticSite: Effect.Effect<string, never, Scope.Scope> = Effect.map(
  Effect.acquireRelease(
    Effect.promise(async () => {
      const server = createServer((request, response) => {
        const path = new URL(request.url ?? "/", "http://site").pathname
        const name = path === "/" ? "/index.html" : path
        readFile(join(site, name)).then(
          (body) => response.writeHead(200, { "content-type": types[extname(name)] ?? "text/plain" }).end(body),
          () => response.writeHead(404).end("there is no such file\n")
        )
      })
      return { server, url: await listening(server) }
    }),
    ({ server }) =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      })
  ),
  ({ url }) => url
)
