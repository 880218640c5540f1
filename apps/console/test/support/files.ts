/** The built console on a server that knows nothing but files: what a bundle is opened with where no coordinator is. */
import { readFile } from "node:fs/promises"
import { createServer, type Server } from "node:http"
import { extname, join } from "node:path"

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

/** Serves the files of a folder. */
export const serveFiles = async (folder: string): Promise<{ readonly url: string; readonly close: () => void }> => {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://site").pathname
    const name = path === "/" ? "/index.html" : path
    readFile(join(folder, name)).then(
      (body) => response.writeHead(200, { "content-type": types[extname(name)] ?? "text/plain" }).end(body),
      () => response.writeHead(404).end("there is no such file\n")
    )
  })
  const url = await listening(server)
  return {
    url,
    close: () => {
      server.close()
      server.closeAllConnections()
    }
  }
}
