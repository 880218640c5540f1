/** Where an agent is served: a TCP port or a UNIX socket, and how people write it. */
import { Either } from "effect"

/** A TCP port of a host, `secure` with TLS; or the path of a UNIX socket. */
export type Address =
  | { readonly _tag: "Tcp"; readonly host: string; readonly port: number; readonly secure?: true }
  | { readonly _tag: "Unix"; readonly path: string }

/** The host of an address that names none: nobody from outside reaches it. */
export const loopback = "127.0.0.1"

/** `http://host:port`, `https://host:port`, or `unix:path`. */
export const format = (address: Address): string =>
  address._tag === "Unix"
    ? `unix:${address.path}`
    : `${isSecure(address) ? "https" : "http"}://${hostText(address.host)}:${address.port}`

/** Whether what crosses is encrypted. */
export const isSecure = (address: Address): boolean => address._tag === "Tcp" && address.secure === true

const hostText = (host: string): string => (host.includes(":") ? `[${host}]` : host)

const invalid = (text: string): string =>
  `no address: "${text}"; write unix:/path/of/socket, host:port, https://host:port, [v6 address]:port or a port alone`

/**
 * Reads `unix:path`, a path that begins with `/` or `./`, `host:port`, `http://host:port`, `https://host:port`, or a port. Left: why not.
 */
export const parse = (text: string): Either.Either<Address, string> => {
  if (text.startsWith("unix:") && text.length > 5) return Either.right({ _tag: "Unix", path: text.slice(5) })
  if (text.startsWith("/") || text.startsWith("./")) return Either.right({ _tag: "Unix", path: text })
  const match = /^(?:http(s?):\/\/)?(?:(?:\[([0-9a-fA-F:.]+)\]|([^:/[\]\s]+)):)?([0-9]{1,5})\/?$/.exec(text)
  const port = Number(match?.[4])
  if (match === null || port > 65_535) return Either.left(invalid(text))
  const address = { _tag: "Tcp", host: match[2] ?? match[3] ?? loopback, port } as const
  return Either.right(match[1] === "s" ? { ...address, secure: true } : address)
}

/** An address of the loopback network. A name such as `127.example.org` is none. */
const loopbackText = /^127(?:\.[0-9]{1,3}){1,3}$/

/** Whether only this machine reaches it. */
export const isLocal = (address: Address): boolean =>
  address._tag === "Unix" || address.host === "localhost" || address.host === "::1" || loopbackText.test(address.host)
