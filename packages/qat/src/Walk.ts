/**
 * Carrying a walk to its end: one turn where nothing has to be waited for, else turn by turn with what is waited for between them. All rules are in the VF
 * (`SetState.ts`). Source: `drivers/vfio/pci/qat/main.c`.
 *
 * W1 One walk at a time; others queue behind it.
 * W2 A walk that nobody drives any more (its wait broke, or its process died) is carried to its end before another begins.
 */
import { ECANCELED, type Errno, isErrno } from "@stopcopy/errno"
import { type JournalError, Now, Operation } from "@stopcopy/runtime"
import type { MigrationFile } from "@stopcopy/vfio"
import { Effect, Either, Exit, Fiber, Option } from "effect"
import type { BoundVf } from "./Actors.ts"
import { toErrno } from "./Failure.ts"
import * as MailboxLock from "./MailboxLock.ts"
import { openFile } from "./OpenFile.ts"
import { refusal } from "./Refusals.ts"
import { isDrained } from "./RegisterFile.ts"
import { banksPerVf } from "./Registers.ts"
import type { Vf } from "./VfState.ts"
import { atOnce, beginning, type Parts, perform } from "./Waits.ts"

type File = Option.Option<MigrationFile<JournalError>>
type Failed = Errno | JournalError

/** The VF as whoever walks asks it: with a fiber's circumstances, or those that it was bound with. */
type Ask = BoundVf["ask"]

const pending = ({ operation }: Vf) =>
  operation === null || operation.waiting === null ? undefined : { id: operation.id, action: operation.waiting }

/** Only the latest end is kept: who asks for an earlier one comes too late. */
const superseded = (id: number, latest: number): ECANCELED =>
  new ECANCELED({
    refusal: refusal({
      code: "operation.superseded",
      rule: "only the end of the latest walk is kept",
      where: "operation",
      source: `${id}`,
      destination: `${latest}`,
      remedy: "read the device's state; the journal has the walk's end"
    })
  })

const ended = ({ ended }: Vf, id: number): Either.Either<number | null, Errno> | undefined => {
  if (ended === null || ended.id < id) return undefined
  if (ended.id > id) return Either.left(superseded(id, ended.id))
  return ended.failure === null ? Either.right(ended.file) : Either.left(toErrno(ended.failure))
}

const releaseLock = ({ pf, vf }: Parts): Effect.Effect<void, Failed> => {
  const { vfNumber } = vf.unsafeState()
  return pf.unsafeState().locks[`${vfNumber}`] === "migration" ? MailboxLock.release(pf, vfNumber) : Either.void
}

/** Lets banks run in hardware that the state has released, and only those: kernel mode may leave others drained. */
const releaseBanks = ({ drained, hardware, vf }: Parts): Effect.Effect<void> => {
  const { registers, vfNumber } = vf.unsafeState()
  let released: Effect.Effect<void> = Either.void
  for (const bank of drained) {
    if (isDrained(registers, bank)) continue
    released = Now.flatMapNow(released, () =>
      Now.mapNow(hardware.release(banksPerVf * vfNumber + bank), () => void drained.delete(bank))
    )
  }
  return released
}

/** What follows from the state once no walk is under way, whoever ended it: no lock of ours, and running banks run. */
const settle = (parts: Parts): Effect.Effect<void, Failed> =>
  Now.flatMapNow(releaseBanks(parts), () => releaseLock(parts))

/** How walk `id` has ended, and all that follows from it is done. */
const settled = (parts: Parts, result: Either.Either<number | null, Errno>): Effect.Effect<number | null, Failed> =>
  Now.flatMapNow(settle(parts), () => result)

/**
 * Carries walk `id` to its end, then gives the mailbox lock back and lets running banks run, whoever ended it. Begun, it cannot be interrupted (M2 of
 * `MigratableDevice`), only ended by a reset or a close; a walk whose process dies is left to `recover`. It has a fiber of its
 * own: an interrupted fiber interrupts its children even where it cannot be interrupted itself. As long as nothing has to be waited for, there is nothing to
 * interrupt, and no fiber.
 */
const finish = (parts: Parts, id: number): Effect.Effect<number | null, Failed> => {
  const work = { pending, ended, atOnce: atOnce(parts, id), perform: perform(parts, id) }
  const carried = Operation.drive(parts.vf, work, id).pipe(
    Effect.interruptible,
    Effect.forkDaemon,
    Effect.flatMap(Fiber.await)
  )
  return Effect.exit(Operation.advance(parts.vf, work, id)).pipe(
    Effect.flatMap(
      Exit.match({
        onFailure: (cause) => Effect.succeed(Exit.failCause(cause)),
        onSuccess: (result) => (result === undefined ? carried : Effect.exit(result))
      })
    ),
    Effect.flatMap((exit) =>
      Effect.zipRight(
        Effect.suspend(() => settle(parts)),
        exit
      )
    ),
    Effect.uninterruptible
  )
}

/** A walk that begins now, and no other is under way. What could be done without waiting is done when this returns. */
const begin = (
  parts: Parts,
  ask: Ask,
  requested: number,
  closes?: { readonly closes: true }
): Effect.Effect<number | null, Failed> =>
  Now.flatMapNow(beginning(parts, requested), (world) => {
    const asked = ask({ _tag: "SetState", requested, ...closes, ...world })
    // A refusal comes before anything is stopped, but banks were asked whether they have drained.
    if (Now.isNow(asked) && Either.isLeft(asked)) return Now.flatMapNow(settle(parts), () => Either.left(asked.left))
    return Now.flatMapNow(asked, (answer) => {
      if (answer._tag !== "Operation") return Either.right(null)
      const result = ended(parts.vf.unsafeState(), answer.id)
      return result === undefined ? finish(parts, answer.id) : settled(parts, result)
    })
  })

/** The walks of one driver. */
export class Walks {
  private readonly parts: Parts
  private readonly bound: BoundVf
  private readonly turns = Effect.unsafeMakeSemaphore(1)
  /** Walks that have their turn or wait for it. */
  private queued = 0

  constructor(parts: Parts, bound: BoundVf) {
    this.parts = parts
    this.bound = bound
  }

  /** Walks when its effect is run. */
  setState(requested: number): Effect.Effect<File, Failed> {
    const { parts } = this
    const walked = Effect.suspend(() => begin(parts, (command) => parts.vf.ask(command), requested))
    return this.inTurn(Effect.uninterruptible(Effect.zipRight(this.recovered(), this.filed(walked))))
  }

  /** Begins to walk now, if no other is under way. The user gives back the file of a session that ends. */
  setStateNow(requested: number): Effect.Effect<File, Failed> {
    if (this.queued > 0 || this.parts.vf.unsafeState().operation !== null) return this.setState(requested)
    const walked = begin(this.parts, this.bound.ask, requested, { closes: true })
    return Now.isNow(walked) ? this.filed(walked) : this.inTurn(Effect.uninterruptible(this.filed(walked)))
  }

  /** Carries on a walk that an earlier process began, if there is one. It does not know what that one had still released: every running bank is released. */
  get recover(): Effect.Effect<void, JournalError> {
    return this.inTurn(
      Effect.suspend(() => {
        for (let bank = 0; bank < banksPerVf; bank++) this.parts.drained.add(bank)
        return this.recovered()
      })
    )
  }

  private inTurn<A, E>(walk: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.suspend(() => {
      this.queued++
      return Effect.ensuring(
        this.turns.withPermits(1)(walk),
        Effect.sync(() => this.queued--)
      )
    })
  }

  private filed(walked: Effect.Effect<number | null, Failed>): Effect.Effect<File, Failed> {
    const { pf, vf } = this.parts
    return Now.mapNow(walked, (file) =>
      file === null ? Option.none() : Option.some(openFile(pf, vf, this.bound, file))
    )
  }

  /**
   * A walk found in the journal is carried on; how it ends stands in the state, nobody waits for its file. What was still to
   * do after the end of a walk (lock, banks) is done.
   */
  private recovered(): Effect.Effect<void, JournalError> {
    const { parts } = this
    return Effect.suspend(() => {
      const { operation } = parts.vf.unsafeState()
      const rest = operation === null ? settle(parts) : Effect.asVoid(finish(parts, operation.id))
      return Effect.catchIf(rest, isErrno, () => Effect.void)
    })
  }
}
