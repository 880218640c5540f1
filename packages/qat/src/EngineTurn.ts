/**
 * What the engine reports of a bank, as turns of its VF. Source: `docs/architecture.md`, "Who decides what"; section 1 of the firmware
 * specification.
 *
 * E1 A report holds for the generation of the bank, and for the place, that the engine worked on: of another it is stale, and changes nothing.
 * E2 What was executed is recorded before any of it reaches guest memory; what was placed, after all of it is there.
 * E3 A bank that drains still reports: only what is fetched is held up. One that is drained has nothing to report.
 */
import * as Interrupts from "./Interrupts.ts"
import { asking, interrupt } from "./InterruptTurn.ts"
import { csr, hasLatch, isDrained, Latch, ringRegister } from "./RegisterFile.ts"
import { receive, transmit } from "./Registers.ts"
import { accept, done, emit, type Turn, type VfDecision } from "./Turn.ts"
import type { VfCommand } from "./VfCommand.ts"
import { type EngineBank, engineBank, unplacedCount, unplacedOutcomes } from "./VfDevice.ts"

type Command<Tag extends VfCommand["_tag"]> = Extract<VfCommand, { readonly _tag: Tag }>

const stale = (turn: Turn): VfDecision => accept(turn, { _tag: "Stale" })

/** The bank's part, if the report is of its present generation. */
const current = (turn: Turn, bank: number, generation: number): EngineBank | undefined => {
  const { device, lifecycle } = turn.state
  if (device === undefined || lifecycle !== "open" || device.banks[bank] === undefined) return undefined
  const part = engineBank(device, bank)
  return part.generation === generation ? part : undefined
}

/** What is unplaced, if it is just so many responses. */
const allUnplaced = (part: EngineBank, count: number): boolean => count > 0 && unplacedCount(part) === count

/**
 * Requests were executed; their outcomes are kept, the head moves. `Stale` if the head is not where they were fetched from, or while
 * earlier ones are not placed.
 */
export const executed = (turn: Turn, command: Command<"EngineExecuted">): VfDecision => {
  const { bank, count, from, generation, head, outcomes, tail } = command
  const part = current(turn, bank, generation)
  if (part === undefined || part.unplaced !== null) return stale(turn)
  const { registers } = turn.state
  if (ringRegister(registers, bank, transmit, "HEAD") !== from || isDrained(registers, bank)) return stale(turn)
  const asked = asking(turn)
  emit(turn, { _tag: "RequestsExecuted", bank, generation, from, head, tail, count, outcomes })
  interrupt(turn, asked)
  return done(turn)
}

/** An outcome's writes did not come out, and its response says so. `Stale` if its response is placed already. */
export const amended = (turn: Turn, command: Command<"EngineAmended">): VfDecision => {
  const { bank, generation, reason, response, slot } = command
  const part = current(turn, bank, generation)
  if (part === undefined || !unplacedOutcomes(part).some((outcome) => outcome.slot === slot)) return stale(turn)
  emit(turn, { _tag: "OutcomeAmended", bank, slot, response, reason })
  return done(turn)
}

/** All that was unplaced is in guest memory: the tail moves, and the bank may ask for an interrupt. */
const place = (turn: Turn, bank: number, part: EngineBank): void => {
  const before = asking(turn)
  emit(turn, {
    _tag: "ResponsesPlaced",
    bank,
    count: unplacedCount(part),
    tail: part.unplaced?.tail ?? ringRegister(turn.state.registers, bank, receive, "TAIL")
  })
  interrupt(turn, before, flagged(turn, bank))
}

/** Responses are in guest memory. `Stale` if these are not all that were unplaced. */
export const placed = (turn: Turn, { bank, count, generation }: Command<"EnginePlaced">): VfDecision => {
  const part = current(turn, bank, generation)
  if (part === undefined || !allUnplaced(part, count)) return stale(turn)
  place(turn, bank, part)
  return done(turn)
}

/** A response is a new cause where flags go straight to the vector; where they are coalesced, the timer brings it. */
const flagged = (turn: Turn, bank: number): number => (passesAtOnce(turn, bank) ? 1 << bank : 0)

const passesAtOnce = ({ state: { registers } }: Turn, bank: number): boolean =>
  (Interrupts.flags(registers, bank) & csr(registers, bank, "INT_FLAG_EN")) !== 0 ||
  Interrupts.coalescingMicros(registers, bank) === 0

/** The memory of a ring could not be reached: an exception, and the bank stands still. */
export const faulted = (turn: Turn, { address, bank, generation, ring }: Command<"EngineFaulted">): VfDecision => {
  if (current(turn, bank, generation) === undefined) return stale(turn)
  const before = asking(turn)
  emit(turn, { _tag: "RingFaulted", bank, ring, address })
  interrupt(turn, before, 1 << bank)
  return done(turn)
}

/** The coalescing timer of a bank has run out. Nothing happens if it does not run any more. */
export const coalescingRanOut = (turn: Turn, { bank }: Command<"CoalescingRanOut">): VfDecision => {
  const { device, registers } = turn.state
  if (device === undefined || device.banks[bank] === undefined) return stale(turn)
  if (!hasLatch(registers, bank, Latch.coalescing)) return stale(turn)
  const before = asking(turn)
  emit(turn, { _tag: "CoalescingElapsed", bank })
  interrupt(turn, before, 1 << bank)
  return done(turn)
}
