/** How a journey begins: a bundle is fetched or chosen, opened, and is there, or why it is not. Plain code; React reads its store. */
import { Cause, Effect, Exit } from "effect"
import type { Session } from "../session/Session.ts"
import type { Problem } from "../session/Problem.ts"
import { Store } from "../store/Store.ts"
import { openJourney, type Progress } from "./Journey.ts"
import { type Addresses, Travelling } from "./Travelling.ts"

export type Opening =
  | { readonly _tag: "Choosing" }
  | { readonly _tag: "Opening"; readonly progress: Progress }
  | { readonly _tag: "Failed"; readonly problem: Problem }
  | { readonly _tag: "Ready"; readonly travelling: Travelling }

const failed = (message: string): Opening => ({
  _tag: "Failed",
  problem: { title: "The bundle cannot be opened", message, code: "console.bundle", refusals: [] }
})

const noServer: Problem = {
  title: "There is no coordinator here",
  message:
    "The bundle of a migration comes from a coordinator, and this page has none; choose the file of a bundle instead",
  code: "console.offline",
  refusals: []
}

export class Opener {
  readonly state = new Store<Opening>({ _tag: "Choosing" })
  private readonly addresses: Addresses
  private attempts = 0
  /** What is open is a migration's, and goes when its address does. */
  private isMigration = false

  constructor(addresses: Addresses) {
    this.addresses = addresses
  }

  /** Opens a file that somebody chose or dropped. Nothing leaves the page. */
  readonly file = async (file: File): Promise<void> => {
    const attempt = this.begin({ what: file.name, part: 0 }, false)
    const bytes = await file.arrayBuffer().catch((error: unknown) => String(error))
    if (typeof bytes === "string") return this.end(attempt, failed(`${file.name} cannot be read: ${bytes}`))
    await this.bytes(attempt, file.name, new Uint8Array(bytes))
  }

  /** Fetches the bundle of a migration and opens it. */
  readonly migration = async (session: Session | undefined, id: string): Promise<void> => {
    const attempt = this.begin({ what: `the journals of ${id}, which the coordinator puts together`, part: 0 }, true)
    if (session === undefined) return this.end(attempt, { _tag: "Failed", problem: noServer })
    const answer = await session.call(session.client.migrations.bundle({ path: { id }, urlParams: {} }))
    if (answer._tag === "Left") return this.end(attempt, { _tag: "Failed", problem: answer.left })
    await this.bytes(attempt, id, new Uint8Array(answer.right))
  }

  /** Somebody left the address of a migration. */
  readonly leave = (): void => {
    if (!this.isMigration) return
    this.isMigration = false
    this.attempts += 1
    this.state.set({ _tag: "Choosing" })
  }

  private begin(progress: Progress, isMigration: boolean): number {
    this.isMigration = isMigration
    this.state.set({ _tag: "Opening", progress })
    return ++this.attempts
  }

  /** Of several that were begun, the last one counts. */
  private end(attempt: number, opening: Opening): void {
    if (attempt === this.attempts) this.state.set(opening)
  }

  private async bytes(attempt: number, name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const onProgress = (progress: Progress) => this.end(attempt, { _tag: "Opening", progress })
    const exit = await Effect.runPromiseExit(openJourney(name, bytes, onProgress))
    if (Exit.isFailure(exit)) {
      const error = Cause.squash(exit.cause)
      return this.end(attempt, failed(error instanceof Error ? error.message : String(error)))
    }
    this.end(attempt, { _tag: "Ready", travelling: new Travelling(exit.value, this.addresses) })
  }
}
