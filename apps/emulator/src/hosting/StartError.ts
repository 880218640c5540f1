/** Why an emulator does not start. Each message says what to do; what it would have begun is undone. */
import { Data } from "effect"

/** The description is not that of the devices in the journal. Nothing was changed. */
export class ContradictsJournal extends Data.TaggedError("ContradictsJournal")<{
  readonly journal: string
  /** One line for each contradiction. */
  readonly contradictions: ReadonlyArray<string>
}> {
  override get message(): string {
    const remedy = "describe the PFs as they are recorded, leave the description out, or use another journal"
    return `${this.journal} has other devices; ${remedy}\n${this.contradictions.join("\n")}`
  }
}

/** Nothing is described, and the journal has nothing. */
export class NothingToHost extends Data.TaggedError("NothingToHost")<{ readonly journal: string }> {
  override get message(): string {
    return `there is nothing to host: ${this.journal} has no PF; describe one with --pf or --config`
  }
}

/** A folder cannot hold sockets. */
export class FolderUnfit extends Data.TaggedError("FolderUnfit")<{ readonly folder: string; readonly reason: string }> {
  override get message(): string {
    return `${this.folder} cannot hold sockets: ${this.reason}`
  }
}

/** The agent, or a socket, cannot be where it is to be. */
export class PlaceTaken extends Data.TaggedError("PlaceTaken")<{ readonly address: string; readonly reason: string }> {
  override get message(): string {
    return `cannot serve at ${this.address}: ${this.reason}`
  }
}
