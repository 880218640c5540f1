/** The data transfer session of one device: at most one, ended when the device leaves the states that have it. */
import { type MigrationFile, type MigrationState, MigrationStates } from "@stopcopy/vfio"
import { Effect, Option, Random } from "effect"
import { type HostFailed, NoSuchSession } from "../Errors.ts"
import type { HostDevice } from "../Host.ts"
import type { Session } from "../Transfer.ts"
import type { SessionToken } from "../Values.ts"
import { makeResuming, type Resuming } from "./Resuming.ts"
import { makeSaving, type Saving } from "./Saving.ts"

/** 128 bits at random: a token of an earlier process of the host is never one of this. */
const newToken: Effect.Effect<SessionToken> = Effect.map(
  Effect.replicateEffect(Random.nextIntBetween(0, 0x1_0000_0000), 4),
  (words) => words.map((word) => word.toString(16).padStart(8, "0")).join("")
)

const plain = (session: Saving | Resuming): Session => ({
  token: session.token,
  kind: session.kind,
  offset: session.offset()
})

/** The sessions of one device. Its methods are called in the device's turn. */
export class Sessions {
  private current: Saving | Resuming | undefined
  private readonly device: HostDevice

  constructor(device: HostDevice) {
    this.device = device
  }

  /** Takes a file that a change of state opened. */
  readonly open = (file: Option.Option<MigrationFile<HostFailed>>): Effect.Effect<void, HostFailed> =>
    Option.match(file, {
      onNone: () => Effect.void,
      onSome: (opened) =>
        Effect.zipRight(
          this.end,
          Effect.map(newToken, (token) => this.adopt(token, opened))
        )
    })

  private adopt(token: SessionToken, file: MigrationFile<HostFailed>): void {
    const { facts, migration } = this.device
    this.current =
      file.kind === "saving" ? makeSaving(facts.name, token, file, migration) : makeResuming(facts.name, token, file)
  }

  /** Ends the session; the file goes back to the device. */
  readonly end: Effect.Effect<void, HostFailed> = Effect.suspend(() => {
    const ended = this.current
    this.current = undefined
    return ended === undefined ? Effect.void : ended.file.close
  })

  /** Ends this session; one that was opened after it goes on. */
  readonly endOf = (session: Session | null): Effect.Effect<void, HostFailed> =>
    Effect.suspend(() => (this.current?.token === session?.token ? this.end : Effect.void))

  /** Ends the session if the device is in a state that has none of its kind. */
  readonly settle = (state: MigrationState): Effect.Effect<void, HostFailed> =>
    this.current === undefined || MigrationStates.facts[state].session === this.current.kind ? Effect.void : this.end

  /** The session of a device in this state, for answers. */
  describe(state: MigrationState): Session | null {
    const { current } = this
    return current === undefined || MigrationStates.facts[state].session !== current.kind ? null : plain(current)
  }

  readonly saving = (token: SessionToken): Effect.Effect<Saving, NoSuchSession> =>
    Effect.suspend(() => {
      const { current } = this
      return current?.kind === "saving" && current.token === token
        ? Effect.succeed(current)
        : this.none(token, "saving")
    })

  readonly resuming = (token: SessionToken): Effect.Effect<Resuming, NoSuchSession> =>
    Effect.suspend(() => {
      const { current } = this
      return current?.kind === "resuming" && current.token === token
        ? Effect.succeed(current)
        : this.none(token, "resuming")
    })

  private none(session: SessionToken, wanted: string): Effect.Effect<never, NoSuchSession> {
    const { current } = this
    const reason = current?.token === session ? `is ${current.kind}, not ${wanted}` : "is not open"
    return Effect.fail(new NoSuchSession({ device: this.device.facts.name, session, reason }))
  }
}
