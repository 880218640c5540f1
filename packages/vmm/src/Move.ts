/**
 * Moving an attachment from the device that it has to another one, in the course of a migration. The migration engine carries the state of the device over; this is
 * what the VMM does meanwhile. Sources: `vfio_migration` of QEMU `hw/vfio/migration.c`, `vfio_pci_load_config`.
 *
 * | stage    | what happened                                                              | what may follow         |
 * | -------- | -------------------------------------------------------------------------- | ----------------------- |
 * | begun    | connected to the destination, memory mapped and interrupts assigned there  | quiesce, rollback       |
 * | quiesced | accesses wait, those under way have ended; config space of the source kept | commit, rollback        |
 * | moved    | config space restored on the destination; accesses will go there           | resume; no way back     |
 * | over     | accesses go on, to the destination or, after a rollback, to the source     | -                       |
 *
 * Once quiesced, a commit does not need the source any more. The scope ends what is left: it rolls back what was not committed, and closes the side that is not used.
 */
import { EBUSY, EINVAL } from "@stopcopy/errno"
import type { CallError, Client } from "@stopcopy/vfio-user"
import { Effect, type Scope } from "effect"
import type { AddressSpace } from "./AddressSpace.ts"
import type { Attachment } from "./Attachment.ts"
import { closeLink, type Link, openLink } from "./attachment/Link.ts"
import { disarm, type SessionError } from "./attachment/Session.ts"
import type { Wire } from "./attachment/Wire.ts"
import { restoreConfig, type SavedConfig, saveConfig } from "./ConfigSpace.ts"
import { because } from "./internal/words.ts"

export type MoveStage = "begun" | "quiesced" | "moved" | "over"

/** One move per attachment. */
const underway = new WeakSet<Attachment>()

const another = (name: string): EBUSY =>
  new EBUSY(because("move.one", "a device moves once at a time", name, "a second move", "one", "end the first one"))

const notNow = (stage: MoveStage, wanted: string): EINVAL =>
  new EINVAL(
    because("move.stage", "the stages of a move are in order", wanted, stage, wanted, "see the table of stages")
  )

export class Move {
  private readonly attachment: Attachment
  /** Once committed: what the attachment had until then. */
  private left: Link | undefined
  private readonly to: Link
  private at: MoveStage = "begun"
  private saved: SavedConfig | undefined

  /** For `beginMove`. */
  constructor(attachment: Attachment, to: Link) {
    this.attachment = attachment
    this.to = to
  }

  get stage(): MoveStage {
    return this.at
  }

  /** A connection to the source that was lost is made again until the commit: the present one counts. */
  private get from(): Link {
    return this.left ?? this.attachment.link
  }

  /** The two sides, for whoever carries the device's state over. */
  get source(): Client {
    return this.from.session.client
  }

  get destination(): Client {
    return this.to.session.client
  }

  /** Holds accesses back; ends when none is under way. The guest's CPUs stand already, or wait at their next access. */
  get quiesce(): Effect.Effect<void, CallError> {
    return Effect.suspend(() => {
      if (this.at !== "begun") return notNow(this.at, "begun")
      const keep = Effect.map(saveConfig(this.source), (saved) => {
        this.saved = saved
        this.at = "quiesced"
      })
      return Effect.zipRight(
        this.attachment.gate.shut,
        Effect.onExit(keep, ({ _tag }) => (_tag === "Failure" ? this.attachment.gate.open : Effect.void))
      )
    })
  }

  /** The destination has the device's state: from now on the guest's device is there. If it fails, nothing has changed for the guest. */
  get commit(): Effect.Effect<void, CallError> {
    return Effect.suspend(() => {
      const { attachment, saved, to } = this
      if (this.at !== "quiesced" || saved === undefined) return notNow(this.at, "quiesced")
      const adopt = Effect.suspend(() => {
        this.left = attachment.link
        this.at = "moved"
        return attachment.adopt(to)
      })
      return restoreConfig(to.session.client, saved).pipe(
        Effect.zipRight(Effect.uninterruptible(adopt)),
        Effect.zipRight(Effect.suspend(() => disarm(this.from.session)))
      )
    })
  }

  /** The destination runs: accesses go on there. */
  get resume(): Effect.Effect<void, EINVAL> {
    return Effect.suspend(() => (this.at === "moved" ? this.goOn : notNow(this.at, "moved")))
  }

  /** The source runs again: accesses go on there, and the destination is left as it is. */
  get rollback(): Effect.Effect<void, EINVAL> {
    return Effect.suspend(() =>
      this.left !== undefined ? notNow(this.at, "quiesced") : Effect.zipRight(closeLink(this.to), this.goOn)
    )
  }

  private get goOn(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.at = "over"
      this.attachment.wake()
      return this.attachment.gate.open
    })
  }

  /** Ends what is left of the move. */
  get end(): Effect.Effect<void> {
    return Effect.suspend(() => {
      underway.delete(this.attachment)
      const left = closeLink(this.left ?? this.to)
      return this.at === "over" ? left : Effect.zipRight(left, this.goOn)
    })
  }
}

/**
 * Begins to move an attachment to the device at the end of a wire. `space` is what the guest will see there: the same, or the memory of the same guest on another
 * host. `EBUSY` while it moves already.
 */
export const beginMove = <E>(
  attachment: Attachment,
  wire: Wire<E>,
  space: AddressSpace = attachment.space
): Effect.Effect<Move, SessionError<E>, Scope.Scope> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      if (underway.has(attachment)) return yield* another(attachment.name)
      underway.add(attachment)
      const opened = restore(openLink(attachment.scope, space, wire, attachment.lines))
      const link = yield* Effect.onError(opened, () => Effect.sync(() => underway.delete(attachment)))
      const move = new Move(attachment, link)
      yield* Effect.addFinalizer(() => move.end)
      return move
    })
  )
