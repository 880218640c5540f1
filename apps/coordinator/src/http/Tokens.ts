/** The tokens of the service, and whose a token is. Comparing takes as long for every wrong one. */
import type { Role } from "@stopcopy/coordinator-api"
import { createHash, timingSafeEqual } from "node:crypto"

/** Who may do what. */
export interface Token {
  readonly role: Role
  /** Who that is, in the journal and in logs. */
  readonly name: string
  readonly secret: string
}

interface Holder {
  readonly role: Role
  readonly name: string
}

const digestOf = (word: string): Buffer => createHash("sha256").update(word).digest()

/** Where there are no tokens whoever reaches the service may operate: then only this machine does. */
const anyone: Holder = { role: "operate", name: "anyone" }

export class Tokens {
  private readonly known: ReadonlyArray<Holder & { readonly digest: Buffer }>

  constructor(tokens: ReadonlyArray<Token>) {
    this.known = tokens.map(({ name, role, secret }) => ({ name, role, digest: digestOf(secret) }))
  }

  get isOpen(): boolean {
    return this.known.length === 0
  }

  /** Whose this is; undefined: nobody's. Every token is compared, whichever fits. */
  holder(secret: string): Holder | undefined {
    if (this.isOpen) return anyone
    const digest = digestOf(secret)
    let found: Holder | undefined
    for (const { digest: own, name, role } of this.known) if (timingSafeEqual(own, digest)) found ??= { name, role }
    return found
  }
}
