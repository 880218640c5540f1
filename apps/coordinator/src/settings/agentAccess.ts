/**
 * What agents ask for and how they prove who they are: for all of them, and for those that have secrets of their own, by their address. A secret belongs to an
 * address and not to the name of a host: whoever registers a host anew, elsewhere, is sent nothing that was meant for another.
 */
import { type Address, Addresses } from "@stopcopy/agent"
import { normalFingerprint, type Trust } from "@stopcopy/agent/client"
import { type Problem, problem, problemsOf } from "@stopcopy/service"
import { readJson } from "@stopcopy/service/process"
import { Either, Redacted, Schema } from "effect"
import { readFileSync } from "node:fs"
import { dirname, resolve } from "node:path"

/** What one agent is sent, and when it is believed. */
export interface Access {
  readonly token?: Redacted.Redacted
  /** Of an agent at `https://`. None: the authorities that Node knows. */
  readonly trust?: Trust
}

export interface AgentAccess {
  /** For every agent that has nothing of its own. */
  readonly all: Access
  /** By address, as `Addresses.format` writes it. What is left out is as for all. */
  readonly own: ReadonlyMap<string, Access>
}

export const noAccess: AgentAccess = { all: {}, own: new Map() }

/** What holds for the agent at an address. */
export const accessAt = ({ all, own }: AgentAccess, address: Address): Access => ({
  ...all,
  ...own.get(Addresses.format(address))
})

const text = Schema.optionalWith(Schema.NonEmptyString, { exact: true })
/** Files with the secret and the authorities; paths from the folder of the file that names them. */
const Entry = Schema.Struct({ token: text, ca: text, fingerprint: text })
const File = Schema.Record({ key: Schema.String, value: Entry })

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))

/** What a header can carry (RFC 6750, section 2.1, and more). */
const tokenText = /^[\x21-\x7e]+$/

/** What is wrong with a secret; undefined: nothing is. It is not told what it is. */
export const tokenMistake = (token: string): string | undefined => {
  if (token === "") return "is empty; put a secret into it"
  return tokenText.test(token)
    ? undefined
    : "is more than one word of printable ASCII characters; put one such word into it"
}

/** What is wrong with authorities. */
export const authoritiesMistake = (pem: string): string | undefined =>
  pem.includes("-----BEGIN CERTIFICATE-----")
    ? undefined
    : "has no certificate; name a PEM file with those of the authorities"

/** Reads entries, and gathers what is wrong with them. */
class Entries {
  readonly problems: Array<Problem> = []
  readonly own = new Map<string, Access>()
  private readonly path: string

  constructor(path: string) {
    this.path = path
  }

  private refuse(where: string, what: string): undefined {
    this.problems.push(problem(`${this.path} ${where}`, what))
    return undefined
  }

  private read(where: string, path: string, mistake: (text: string) => string | undefined): string | undefined {
    try {
      const found = readFileSync(resolve(dirname(this.path), path), "utf8").trim()
      const wrong = mistake(found)
      return wrong === undefined ? found : this.refuse(`${where} ${path}`, wrong)
    } catch (thrown) {
      return this.refuse(`${where} ${path}`, `cannot be read (${messageOf(thrown)}); name a file that can`)
    }
  }

  private trust(where: string, { ca, fingerprint }: typeof Entry.Type): Trust | undefined {
    if (ca !== undefined) {
      const pem = this.read(`${where}.ca`, ca, authoritiesMistake)
      return pem === undefined ? undefined : { ca: pem }
    }
    if (fingerprint === undefined) return undefined
    return normalFingerprint(fingerprint) === undefined
      ? this.refuse(`${where}.fingerprint`, `'${fingerprint}' is not 64 hexadecimal digits of SHA-256`)
      : { fingerprint }
  }

  /** What cannot be, whatever the files say. */
  private shape(where: string, address: Address, { ca, fingerprint, token }: typeof Entry.Type): void {
    if (this.own.has(Addresses.format(address))) this.refuse(where, "stands twice; leave one of them out")
    if (ca !== undefined && fingerprint !== undefined) this.refuse(where, "has ca and fingerprint; give one of them")
    if (Addresses.isSecure(address)) return
    if (ca !== undefined || fingerprint !== undefined)
      this.refuse(where, "ca and fingerprint are for TLS; write https://HOST:PORT, or leave them out")
    if (token !== undefined && !Addresses.isLocal(address))
      this.refuse(where, "is another machine, and without TLS whoever is on the way reads the token; use https://")
  }

  add(name: string, entry: typeof Entry.Type): void {
    const where = `["${name}"]`
    const address = Addresses.parse(name)
    if (Either.isLeft(address)) return this.refuse(where, address.left)
    this.shape(where, address.right, entry)
    const token = entry.token === undefined ? undefined : this.read(`${where}.token`, entry.token, tokenMistake)
    const trust = this.trust(where, entry)
    this.own.set(Addresses.format(address.right), {
      ...(token === undefined ? {} : { token: Redacted.make(token) }),
      ...(trust === undefined ? {} : { trust })
    })
  }
}

/** What agents have of their own, from a JSON file; or everything that is wrong with it. `option`: where the file was named. */
export const readAccess = (option: string, path: string): Either.Either<AgentAccess["own"], ReadonlyArray<Problem>> => {
  const json = readJson(option, path)
  if (Either.isLeft(json)) return Either.left(json.left)
  const decoded = Schema.decodeUnknownEither(File)(json.right, { errors: "all", onExcessProperty: "error" })
  if (Either.isLeft(decoded)) return Either.left(problemsOf(`${path} `, decoded.left))
  const entries = new Entries(path)
  for (const [name, entry] of Object.entries(decoded.right)) entries.add(name, entry)
  return entries.problems.length === 0 ? Either.right(entries.own) : Either.left(entries.problems)
}
