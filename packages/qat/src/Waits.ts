/**
 * What a walk waits for, done in the world and worded as a command: drains, coalesced interrupts, the PF's mailbox lock. Source: section 3 of the driver
 * specification.
 */
import type { Errno } from "@stopcopy/errno"
import { type JournalError, Now } from "@stopcopy/runtime"
import { type MigrationState, MigrationStates } from "@stopcopy/vfio"
import { type Context, Effect, Either, Option } from "effect"
import type { PfActor, VfActor } from "./Actors.ts"
import type { Hardware } from "./Hardware.ts"
import * as MailboxLock from "./MailboxLock.ts"
import * as Pf from "./Pf.ts"
import { banksPerVf } from "./Registers.ts"
import type { VfCommand } from "./VfCommand.ts"
import type { Waiting } from "./VfState.ts"

/** What a driver works with. */
export interface Parts {
  readonly pf: PfActor
  readonly vf: VfActor
  readonly hardware: Context.Tag.Service<Hardware>
  /** Banks (0 to 3) that are drained in hardware, as far as this process knows. */
  readonly drained: Set<number>
}

/** What a command says of the world around the VF. */
const surroundings = ({ hardware, pf, vf }: Parts) =>
  Now.mapNow(hardware.fileCreation, (fileCreation) => {
    const state = pf.unsafeState()
    const world = { pf: Pf.factsOf(state), fileCreation }
    return state.locks[`${vf.unsafeState().vfNumber}`] === undefined ? { ...world, mailbox: "free" as const } : world
  })

/** The states in which banks work. */
const atWork = (state: MigrationState): boolean => state === "RUNNING" || state === "PRE_COPY"

/** Whether a walk from the present state to `requested` stops the banks on its way. */
const suspends = ({ vf }: Parts, requested: number): boolean => {
  const { lifecycle, migrationState, operation } = vf.unsafeState()
  const to = MigrationStates.fromNumber(requested)
  return lifecycle === "open" && operation === null && atWork(migrationState) && Option.isSome(to) && !atWork(to.value)
}

/** What a walk to `requested` begins with: the world, and the banks that have drained already where it is to stop them. */
export const beginning = (parts: Parts, requested: number) =>
  Now.mapNow(surroundings(parts), (world) => {
    const idle = suspends(parts, requested) ? lastDrained(parts, 0) : -1
    return idle < 0 ? world : { ...world, idle }
  })

const pfBankOf = ({ vf }: Parts, bank: number): number => banksPerVf * vf.unsafeState().vfNumber + bank

const drainEnded = (
  parts: Parts,
  operation: number,
  bank: number,
  outcome: { readonly drained: boolean; readonly until?: number }
): Effect.Effect<VfCommand> =>
  Now.mapNow(surroundings(parts), (world) => ({ _tag: "DrainEnded", operation, bank, ...outcome, ...world }))

const lockEnded = (parts: Parts, operation: number, taken: boolean): Effect.Effect<VfCommand> =>
  Now.mapNow(surroundings(parts), (world) => ({ _tag: "MailboxLockEnded", operation, taken, ...world }))

/** Does what walk `operation` waits for. */
export const perform =
  (parts: Parts, operation: number) =>
  (waiting: Waiting): Effect.Effect<VfCommand, Errno | JournalError> => {
    const { hardware, pf, vf } = parts
    switch (waiting._tag) {
      case "Drain":
        return Effect.flatMap(hardware.drain(pfBankOf(parts, waiting.bank)), (drained) => {
          if (drained) parts.drained.add(waiting.bank)
          return drainEnded(parts, operation, waiting.bank, { drained })
        })
      case "Coalescing":
        return Effect.flatMap(hardware.interruptSource(pfBankOf(parts, waiting.bank), waiting.limitMicros), () =>
          Effect.map(surroundings(parts), (world) => ({
            _tag: "CoalescingEnded",
            operation,
            bank: waiting.bank,
            ...world
          }))
        )
      case "MailboxLock":
        return Effect.flatMap(MailboxLock.take(pf, vf.unsafeState().vfNumber), (taken) =>
          lockEnded(parts, operation, taken)
        )
    }
  }

/** Whether a bank has drained already. */
const isDrainedNow = ({ drained, hardware, ...rest }: Parts, bank: number): boolean => {
  const done = hardware.drain(pfBankOf({ drained, hardware, ...rest }, bank))
  const isSo = Now.isNow(done) && Either.isRight(done) && done.right
  if (isSo) drained.add(bank)
  return isSo
}

/** The last bank from `first` on up to which all have drained already; the one before `first` if that has not. */
const lastDrained = (parts: Parts, first: number): number => {
  let last = first - 1
  while (last + 1 < banksPerVf && isDrainedNow(parts, last + 1)) last++
  return last
}

/** The outcome of what walk `operation` waits for, where nothing has to be waited for: of banks that have drained already all at once. */
export const atOnce =
  (parts: Parts, operation: number) =>
  (waiting: Waiting): Effect.Effect<VfCommand | undefined, Errno | JournalError> => {
    switch (waiting._tag) {
      case "Drain": {
        const { bank } = waiting
        const until = lastDrained(parts, bank)
        if (until < bank) return Either.right(undefined)
        return drainEnded(parts, operation, bank, until === bank ? { drained: true } : { drained: true, until })
      }
      case "Coalescing":
        return Either.right(undefined)
      case "MailboxLock":
        return Effect.flatMap(MailboxLock.tryTake(parts.pf, parts.vf.unsafeState().vfNumber), (taken) =>
          taken ? lockEnded(parts, operation, taken) : Either.right(undefined)
        )
    }
  }
