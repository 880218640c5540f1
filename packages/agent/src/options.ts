/**
 * How an agent is served and called, from the options of a command line and the files that they name: its address, the secret of its callers, and who proves by
 * TLS to be whom. Offered as `@stopcopy/agent/options`, so that every program that has an agent has the same options. Node only.
 */
import { type Problem, problem } from "@stopcopy/service"
import { Either } from "effect"
import { readFileSync } from "node:fs"
import type { Address } from "./Address.ts"
import * as Addresses from "./Address.ts"
import { normalFingerprint, type Trust } from "./client/Trust.ts"
import { fingerprintOf, type ServerCertificate } from "./server/Certificate.ts"

type Read<A> = Either.Either<A, ReadonlyArray<Problem>>

const problemsIn = (reads: ReadonlyArray<Read<unknown>>): ReadonlyArray<Problem> =>
  reads.flatMap((read) => (Either.isLeft(read) ? read.left : []))

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))

const readText = (where: string, path: string): Read<string> =>
  Either.try({
    try: () => readFileSync(path, "utf8"),
    catch: (thrown) => [problem(where, `cannot be read (${messageOf(thrown)}); name a file that can`)]
  })

/** Where the agent is. */
const parseAddress = (where: string, text: string): Read<Address> =>
  Either.mapLeft(Addresses.parse(text), (reason) => [problem(where, reason)])

/** What a header can carry (RFC 6750, section 2.1, and more). */
const tokenText = /^[\x21-\x7e]+$/

/** The token in a file: what stands in it without the space around it. */
const readToken = (path: string | undefined): Read<{ readonly token?: string }> => {
  if (path === undefined) return Either.right({})
  const where = `--agent-token-file ${path}`
  return Either.flatMap(readText(where, path), (text): Read<{ readonly token: string }> => {
    const token = text.trim()
    if (token === "") return Either.left([problem(where, "is empty; put a secret into it")])
    return tokenText.test(token)
      ? Either.right({ token })
      : Either.left([problem(where, "has more than one word of printable ASCII characters; put one such word into it")])
  })
}

/** Files of a certificate and of its key. */
interface CertificateFiles {
  readonly cert: string | undefined
  readonly key: string | undefined
}

/** The certificate that the agent is served with. */
const readCertificate = ({ cert, key }: CertificateFiles): Read<{ readonly certificate?: ServerCertificate }> => {
  if (cert === undefined && key === undefined) return Either.right({})
  if (cert === undefined) return Either.left([problem(`--agent-tls-key ${key}`, "needs --agent-tls-cert beside it")])
  if (key === undefined) return Either.left([problem(`--agent-tls-cert ${cert}`, "needs --agent-tls-key beside it")])
  const texts = Either.all([readText(`--agent-tls-cert ${cert}`, cert), readText(`--agent-tls-key ${key}`, key)])
  return Either.flatMap(texts, ([certText, keyText]): Read<{ readonly certificate: ServerCertificate }> => {
    const certificate = { cert: certText, key: keyText }
    const usable = fingerprintOf(certificate)
    return Either.isRight(usable)
      ? Either.right({ certificate })
      : Either.left([
          problem(
            `--agent-tls-cert ${cert} --agent-tls-key ${key}`,
            `cannot be used (${usable.left}); give a certificate and its key, both PEM`
          )
        ])
  })
}

/** How the agent is served. */
export interface Serving {
  readonly address: Address
  readonly token?: string
  readonly certificate?: ServerCertificate
  readonly insecure: boolean
}

/** What was said of it. */
export interface ServingOptions {
  readonly agent: string
  readonly tokenFile: string | undefined
  readonly certificate: CertificateFiles
  readonly insecure: boolean
}

/** What is wrong with serving it like this. */
const servingProblems = (where: string, { address, certificate, insecure, token }: Serving): ReadonlyArray<Problem> => {
  if (address._tag === "Unix") {
    return certificate === undefined
      ? []
      : [problem(where, "a UNIX socket has no TLS; leave --agent-tls-cert and --agent-tls-key out, or use HOST:PORT")]
  }
  if (certificate === undefined && Addresses.isSecure(address))
    return [problem(where, "needs --agent-tls-cert and --agent-tls-key; give both, or write HOST:PORT")]
  if (Addresses.isLocal(address)) return []
  const remedies = [
    ...(token === undefined
      ? ["others than this machine reach it, and there is no token; give --agent-token-file, or use 127.0.0.1"]
      : []),
    ...(certificate === undefined && !insecure
      ? [
          "others than this machine reach it, and without TLS whoever is on the way reads the token; " +
            "give --agent-tls-cert and --agent-tls-key, use 127.0.0.1, or say --agent-insecure"
        ]
      : [])
  ]
  return remedies.map((remedy) => problem(where, remedy))
}

/** How the agent is to be served, or everything that is wrong with it. */
export const servingOf = ({ agent, certificate: files, insecure, tokenFile }: ServingOptions): Read<Serving> => {
  const where = `--agent ${agent}`
  const [address, token, certificate] = [parseAddress("--agent", agent), readToken(tokenFile), readCertificate(files)]
  if (Either.isLeft(address) || Either.isLeft(token) || Either.isLeft(certificate)) {
    return Either.left(problemsIn([address, token, certificate]))
  }
  const serving = { address: address.right, ...token.right, ...certificate.right, insecure }
  const problems = servingProblems(where, serving)
  return problems.length === 0 ? Either.right(serving) : Either.left(problems)
}

/** What was said of how to call an agent. */
export interface CallingOptions {
  readonly agent: string
  readonly tokenFile: string | undefined
  readonly ca: string | undefined
  readonly fingerprint: string | undefined
  readonly insecure: boolean
}

const readTrust = ({ ca, fingerprint }: CallingOptions): Read<{ readonly trust?: Trust }> => {
  if (ca !== undefined && fingerprint !== undefined)
    return Either.left([problem(`--agent-fingerprint ${fingerprint}`, "stands beside --agent-ca; give one of them")])
  if (ca !== undefined) {
    const where = `--agent-ca ${ca}`
    return Either.flatMap(readText(where, ca), (text) =>
      text.includes("-----BEGIN CERTIFICATE-----")
        ? Either.right({ trust: { ca: text } })
        : Either.left([problem(where, "has no certificate; name a PEM file with one")])
    )
  }
  if (fingerprint === undefined) return Either.right({})
  return normalFingerprint(fingerprint) === undefined
    ? Either.left([problem(`--agent-fingerprint ${fingerprint}`, "is not 64 hexadecimal digits of SHA-256")])
    : Either.right({ trust: { fingerprint } })
}

/** How to call an agent, for `makeClient`. */
export const callingOf = (options: CallingOptions) => {
  const { agent, insecure, tokenFile } = options
  const [address, token, trust] = [parseAddress("--agent", agent), readToken(tokenFile), readTrust(options)]
  if (Either.isLeft(address) || Either.isLeft(token) || Either.isLeft(trust)) {
    return Either.left(problemsIn([address, token, trust]))
  }
  if (trust.right.trust !== undefined && !Addresses.isSecure(address.right)) {
    const remedy = "--agent-ca and --agent-fingerprint are for TLS; write https://HOST:PORT, or leave them out"
    return Either.left([problem(`--agent ${agent}`, remedy)])
  }
  return Either.right({ address: address.right, ...token.right, ...trust.right, insecure })
}
