/**
 * Who is signed in. The token is kept for this tab alone, as long as it is open; a coordinator without tokens lets everybody in who reaches it.
 */
import { Effect, Either } from "effect"
import { Store } from "../store/Store.ts"
import { type Problem, problemOf, wantsToken } from "./Problem.ts"
import { clientFor, Session } from "./Session.ts"

type AuthState =
  | { readonly _tag: "Asking" }
  /** The coordinator wants a token; `problem` says what was wrong with the last one. */
  | { readonly _tag: "SignedOut"; readonly problem: Problem | undefined }
  | { readonly _tag: "Failed"; readonly problem: Problem }
  | { readonly _tag: "SignedIn"; readonly session: Session }

/** Where the token is kept. */
interface Keeper {
  readonly getItem: (key: string) => string | null
  readonly setItem: (key: string, value: string) => void
  readonly removeItem: (key: string) => void
}

const key = "stopcopy.token"

export class Auth {
  readonly state = new Store<AuthState>({ _tag: "Asking" })
  private readonly baseUrl: string
  private readonly keeper: Keeper
  private isBegun = false

  constructor(baseUrl: string, keeper: Keeper) {
    this.baseUrl = baseUrl
    this.keeper = keeper
  }

  /** Tries the token that is kept, or none; once, however often it is asked for. */
  async begin(): Promise<void> {
    if (this.isBegun) return
    this.isBegun = true
    await this.again()
  }

  /** Tries it again: there was no answer. */
  async again(): Promise<void> {
    this.state.set({ _tag: "Asking" })
    await this.enter(this.keeper.getItem(key) ?? undefined)
  }

  /** Tries a token, and keeps it if it is known. */
  async signIn(token: string): Promise<void> {
    await this.enter(token)
  }

  signOut(): void {
    this.leave(undefined)
  }

  private readonly leave = (problem: Problem | undefined): void => {
    const now = this.state.get()
    if (now._tag === "SignedIn") now.session.live.stop()
    this.keeper.removeItem(key)
    this.state.set({ _tag: "SignedOut", problem })
  }

  private async enter(token: string | undefined): Promise<void> {
    const { baseUrl } = this
    const asked = await Effect.runPromise(Effect.either(clientFor(baseUrl, token).caller.show()))
    if (Either.isLeft(asked)) return this.refused(problemOf(asked.left), token)
    const caller = asked.right
    if (token !== undefined && caller.hasTokens) this.keeper.setItem(key, token)
    const session = new Session({ baseUrl, token, caller, onUnauthorized: this.leave })
    session.live.start()
    this.state.set({ _tag: "SignedIn", session })
  }

  private refused(problem: Problem, token: string | undefined): void {
    if (!wantsToken(problem)) return this.state.set({ _tag: "Failed", problem })
    // Nobody has given one yet: that is no mistake.
    this.leave(token === undefined ? undefined : problem)
  }
}
