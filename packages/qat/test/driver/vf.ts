/**
 * One VF without actors or time, for given-when-then: a VF that is open, and walks carried to their end in a world that
 * answers as the test says. Every command, event and state goes through its schema.
 */
import type { Errno } from "@stopcopy/errno"
import { given, type Outcome } from "@stopcopy/runtime/testing"
import {
  type Compatibility,
  type Failure,
  type Turn,
  Vf,
  type VfCommand,
  type VfEvent,
  type VfState
} from "@stopcopy/qat"
import { type MigrationState, MigrationStates } from "@stopcopy/vfio"
import { probe } from "./hosts.ts"

export type Probe = Extract<VfCommand, { readonly _tag: "Probe" }>
type Done = Outcome<VfState.Vf, VfCommand, VfEvent, Turn.VfAnswer, Errno>
/** A VF that can be asked something. */
export interface At {
  readonly state: VfState.Vf
  readonly when: (command: VfCommand) => Done
}

export const facts: Compatibility.PfFacts = {
  version: 1,
  gencap: 0x0101_0007,
  svcmap: 0x0249,
  extdc: 0x3,
  rateLimiting: false,
  slas: []
}

export const unbound = (): At => given(Vf.behavior)

/** What a successful probe records. */
export const probed = (changes: Partial<Probe> = {}): VfEvent => {
  const { compatVersion, deviceId, init, mode, p2p, registerModel, registers, vfIndex } = probe(changes)
  const facts = { deviceId, vfNumber: vfIndex, mode, registerModel, registers, init, compatVersion }
  return { _tag: "Probed", ...facts, ...(p2p === undefined ? {} : { p2p }) }
}

/** A VF whose past is a probe, an open, and these events. */
export const opened = (changes: Partial<Probe> = {}, ...past: ReadonlyArray<VfEvent>): At =>
  given(Vf.behavior, [probed(changes), { _tag: "Opened" }, ...past])

/** The world of a walk; everything succeeds if nothing is said. */
export interface World {
  readonly pf?: Partial<Compatibility.PfFacts>
  readonly fileCreation?: number
  /** Banks of the VF whose drain times out. */
  readonly stuck?: ReadonlyArray<number>
  readonly mailboxBusy?: boolean
}

export const surroundings = (world: World = {}) => ({
  pf: { ...facts, ...world.pf },
  fileCreation: world.fileCreation ?? 0
})

const outcomeOf = ({ operation }: VfState.Vf, world: World): VfCommand | undefined => {
  if (operation === null || operation.waiting === null) return undefined
  const of = { operation: operation.id, ...surroundings(world) }
  const { waiting } = operation
  switch (waiting._tag) {
    case "Drain":
      return { _tag: "DrainEnded", ...of, bank: waiting.bank, drained: world.stuck?.includes(waiting.bank) !== true }
    case "Coalescing":
      return { _tag: "CoalescingEnded", ...of, bank: waiting.bank }
    case "MailboxLock":
      return { _tag: "MailboxLockEnded", ...of, taken: world.mailboxBusy !== true }
  }
}

/** A walk at its end. */
export interface Walked extends At {
  readonly events: ReadonlyArray<VfEvent>
  readonly failure: Failure | null
  readonly file: number | null
}

/** Carries on what waits, to its end. */
export const settle = (from: Done, world: World = {}): Walked => {
  const events = [...from.events]
  let at = from
  for (let command = outcomeOf(at.state, world); command !== undefined; command = outcomeOf(at.state, world)) {
    at = at.when(command)
    events.push(...at.events)
  }
  const { ended } = at.state
  return { ...at, events, failure: ended?.failure ?? null, file: ended?.file ?? null }
}

/** Asks for a state by number, to the end of the walk. */
export const request = (at: At, requested: number, world: World = {}): Walked =>
  settle(at.when({ _tag: "SetState", requested, ...surroundings(world) }), world)

/** Asks for a state by name. */
export const walk = (at: At, to: MigrationState, world: World = {}): Walked =>
  request(at, MigrationStates.toNumber(to), world)

/** Walks that must succeed, one after the other. */
export const walkTo = (at: At, ...path: ReadonlyArray<MigrationState>): At =>
  path.reduce((from, to) => {
    const walked = walk(from, to)
    if (walked.failure !== null) throw new Error(`${to}: ${walked.failure.name}`)
    return walked
  }, at)

/** Number of the file of a session that must be open. */
export const fileOf = ({ state }: At, kind: "saving" | "resuming"): number => {
  const file = state[kind]
  if (file === null) throw new Error(`no ${kind} file`)
  return file
}

const plain = { positioned: false, faulting: false }

export const read = (at: At, file: number, length: number, changes: Partial<typeof plain> = {}): Done =>
  at.when({ _tag: "ReadFile", file, ...plain, ...changes, length: BigInt(length) })

export const write = (
  at: At,
  file: number,
  bytes: Uint8Array,
  changes: Partial<typeof plain> & { readonly pf?: Partial<Compatibility.PfFacts>; readonly length?: bigint } = {}
): Done => {
  const { length, pf, ...access } = changes
  return at.when({
    _tag: "WriteFile",
    file,
    ...plain,
    ...access,
    length: length ?? BigInt(bytes.length),
    bytes,
    pf: { ...facts, ...pf }
  })
}

/** The stream that a stopped copy of this VF yields; the VF itself goes no further. */
export const streamOf = (at: At): Uint8Array => {
  const stopped = walk(at, "STOP_COPY")
  return Uint8Array.from(stopped.state.block)
}

/** The tags of some events. */
export const tags = (events: ReadonlyArray<VfEvent>): ReadonlyArray<string> => events.map(({ _tag }) => _tag)

/** Answer of a refusing turn, for comparison. */
export const errnoOf = (done: Done): string => (done.answer._tag === "Left" ? done.answer.left._tag : "none")

/** The refusal code of a failure. */
export const codeOf = (failure: Failure | null): string | undefined => failure?.refusal?.code

/** What a rule called by itself decides, as an outcome: for a defect that no command can bring about. */
export const deciding = (at: At, decide: typeof Vf.behavior.decide, command: VfCommand): Done =>
  given({ ...Vf.behavior, initial: at.state, decide, conclude: undefined }).when(command)
