/**
 * The account of a guest's requests, over as many devices as it was migrated to: from the tail that publishes a request, over its execution, to the
 * response and the interrupt that tells of it. A fold over the events of its VFs, held against what the guest knows.
 * Source: section 1 of the firmware specification for order and places.
 *
 * L1 Requests of a bank are numbered from 0 on, from when its rings were set up, in the order in which they were published, also over migrations.
 * L2 Each is executed once, in ring order, and its response placed once, in ring order, in the slot behind the one before it.
 * L3 A device that takes over stands where the one before it stood: heads, tails, and what was queued. One that is reset before it ran never had the guest.
 */
import { type MigrationState, MigrationStates } from "@stopcopy/vfio"
import { unpack } from "./Outcome.ts"
import { atBar0 } from "./RegisterAccess.ts"
import { banksPerVf, receive, transmit } from "./Registers.ts"
import { ringBytes } from "./RingStatus.ts"
import type { VfEvent } from "./VfEvent.ts"

/** Size of a response, in bytes. */
const responseBytes = 32

/** Size of a request until the first of a bank was executed, in bytes: what the bank serves decides, and only the engine knows that. */
const usualRequestBytes = 128
/** Size of a request to an asymmetric service, in bytes. */
const asymmetricRequestBytes = 64

/** What is wrong with one request. */
export type Fault =
  /** A tail that the guest wrote did not come to the engine: the request waits for ever. */
  | "lost tail"
  /** The engine was told of a request that the guest never wrote. */
  | "doubled doorbell"
  /** A response is there, and the interrupt that should tell of it never was. */
  | "lost interrupt"
  | "not executed"
  | "executed out of order"
  | "response out of order"
  | "response not placed"
  | "response placed twice"
  | "wrong response"

/** A fault with its place: the ring (0 requests, 1 responses) of the bank, and the number of the request. */
export interface Finding {
  readonly fault: Fault
  readonly bank: number
  readonly ring: number
  readonly index: number
}

/** A ring as the ledger follows it: sizes and pointers in bytes. */
interface Ring {
  readonly size: number
  readonly head: number
  readonly tail: number
}

/** The account of one bank. */
export interface Account {
  readonly rings: readonly [Ring, Ring]
  /** Size of a request, in bytes. */
  readonly requestBytes: number
  /** Bytes of requests that were published so far. */
  readonly publishedBytes: number
  /** Requests so far, by how far they came. */
  readonly executed: number
  readonly placed: number
}

export interface Ledger {
  readonly banks: ReadonlyArray<Account>
  /**
   * Whether the device has the guest: `stopped` may have handed it over, and `gone` has, if it is closed or reset then; `moving`: what
   * the next one did before it was loaded is not the guest's.
   */
  readonly guest: "here" | "stopped" | "gone" | "moving"
  /** From a load on until the device runs: the ledger before it. */
  readonly beforeLoad: Ledger | undefined
  readonly findings: ReadonlyArray<Finding>
}

const noRing: Ring = { size: 0, head: 0, tail: 0 }
const noAccount: Account = {
  rings: [noRing, noRing],
  requestBytes: usualRequestBytes,
  publishedBytes: 0,
  executed: 0,
  placed: 0
}

/** Requests of a bank that were published so far. */
export const published = ({ publishedBytes, requestBytes }: Account): number =>
  Math.floor(publishedBytes / requestBytes)

/** Nothing yet. */
export const empty: Ledger = {
  banks: Array.from({ length: banksPerVf }, () => noAccount),
  guest: "here",
  beforeLoad: undefined,
  findings: []
}

const accountOf = (ledger: Ledger, bank: number): Account => ledger.banks[bank] ?? noAccount

const withAccount = (ledger: Ledger, bank: number, account: Account): Ledger => ({
  ...ledger,
  banks: ledger.banks.map((each, index) => (index === bank ? account : each))
})

const found = (ledger: Ledger, fault: Fault, bank: number, ring: number, index: number): Ledger => ({
  ...ledger,
  findings: [...ledger.findings, { fault, bank, ring, index }]
})

const distance = ({ size }: Ring, from: number, to: number): number => (size === 0 ? 0 : (to - from) & (size - 1))

const withRing = (account: Account, ring: number, change: Partial<Ring>): Account => {
  const [first, second] = account.rings
  return {
    ...account,
    rings: ring === transmit ? [{ ...first, ...change }, second] : [first, { ...second, ...change }]
  }
}

/** A bank that starts anew counts anew: what was published and not answered is the driver's to submit again. */
const restarted = (account: Account): Account => ({ ...account, publishedBytes: 0, executed: 0, placed: 0 })

const written = (ledger: Ledger, offset: number, value: number): Ledger => {
  const register = atBar0(offset)
  if (register?.kind !== "ring") return ledger
  const { bank, name, ring } = register
  const account = accountOf(ledger, bank)
  const current = account.rings[ring] ?? noRing
  switch (name) {
    case "CONFIG": {
      const anew = withRing(restarted(account), ring, { size: ringBytes(value), head: 0, tail: 0 })
      return withAccount(ledger, bank, anew)
    }
    case "TAIL": {
      const more = ring === transmit ? distance(current, current.tail, value) : 0
      return withAccount(ledger, bank, {
        ...withRing(account, ring, { tail: value }),
        publishedBytes: account.publishedBytes + more
      })
    }
    case "HEAD":
      return withAccount(ledger, bank, withRing(account, ring, { head: value }))
    default:
      return ledger
  }
}

type Executed = Extract<VfEvent, { readonly _tag: "RequestsExecuted" }>

/** Size of the requests in a burst, in bytes: the head lies behind the last of them. */
const requestBytesOf = ({ count, head }: Executed, { requestBytes, rings: [requests] }: Account): number => {
  return distance(requests, requests.head, head) === count * asymmetricRequestBytes
    ? asymmetricRequestBytes
    : requestBytes
}

const executed = (ledger: Ledger, event: Executed): Ledger => {
  const before = accountOf(ledger, event.bank)
  const requestBytes = before.executed === 0 ? requestBytesOf(event, before) : before.requestBytes
  let now = withAccount(ledger, event.bank, { ...before, requestBytes })
  for (const { responseSlot, slot } of unpack(event.outcomes)) {
    const account = accountOf(now, event.bank)
    const [requests, responses] = account.rings
    const index = account.executed
    if (distance(requests, 0, slot * requestBytes) !== requests.head) {
      now = found(now, "executed out of order", event.bank, transmit, index)
    }
    const behind = responses.tail + (index - account.placed) * responseBytes
    if (responseSlot * responseBytes !== distance(responses, 0, behind)) {
      now = found(now, "response out of order", event.bank, receive, index)
    }
    const head = distance(requests, 0, (slot + 1) * requestBytes)
    now = withAccount(now, event.bank, { ...withRing(account, transmit, { head }), executed: index + 1 })
  }
  return now
}

const placed = (ledger: Ledger, event: Extract<VfEvent, { readonly _tag: "ResponsesPlaced" }>): Ledger => {
  const account = accountOf(ledger, event.bank)
  const count = account.placed + event.count
  const now = withAccount(ledger, event.bank, {
    ...withRing(account, receive, { tail: event.tail }),
    placed: count
  })
  return count > account.executed ? found(now, "response placed twice", event.bank, receive, account.executed) : now
}

/** A load: where it says that a ring stands must be where the ring stood (L3). */
const loaded = (ledger: Ledger, event: Extract<VfEvent, { readonly _tag: "StateLoaded" }>): Ledger => {
  let after: Ledger = { ...ledger, guest: "here", beforeLoad: ledger }
  for (const [space, offset, value] of event.writes) if (space === 0) after = written(after, offset, value)
  for (let bank = 0; bank < banksPerVf; bank++) {
    const [before, now] = [accountOf(ledger, bank), accountOf(after, bank)]
    const [requests, responses] = now.rings
    const queued = published(before) - before.executed
    const lost = queued - Math.floor(distance(requests, requests.head, requests.tail) / before.requestBytes)
    after = withAccount(after, bank, { ...before, rings: now.rings })
    if (requests.head !== before.rings[transmit].head) {
      after = found(after, "executed out of order", bank, transmit, before.executed)
    }
    if (lost !== 0) {
      const fault = lost > 0 ? "lost tail" : "doubled doorbell"
      after = found(after, fault, bank, transmit, before.executed + Math.max(0, queued - Math.max(0, lost)))
    }
    if (responses.tail !== before.rings[receive].tail) {
      after = found(after, "response out of order", bank, receive, before.placed)
    }
  }
  return after
}

const cleared = (ledger: Ledger, banks: ReadonlyArray<number>): Ledger =>
  banks.reduce(
    (now, bank) => withAccount(now, bank, { ...restarted(accountOf(now, bank)), rings: [noRing, noRing] }),
    ledger
  )

const allBanks = Array.from({ length: banksPerVf }, (_, bank) => bank)

/** Another device takes over; the next events are its own. */
export const move = (ledger: Ledger): Ledger => ({ ...ledger, guest: "moving", beforeLoad: undefined })

/** A device that ends: the guest's requests with it, unless the guest has left or was never there. */
const ended = (ledger: Ledger): Ledger => {
  if (ledger.beforeLoad !== undefined) return ledger.beforeLoad
  return ledger.guest === "stopped" ? { ...ledger, guest: "gone" } : cleared(ledger, allBanks)
}

const arrived = (ledger: Ledger, to: MigrationState): Ledger => ({
  ...ledger,
  guest: to === "STOP" || to === "STOP_COPY" ? "stopped" : "here",
  beforeLoad: MigrationStates.isRunning(to) ? undefined : ledger.beforeLoad
})

/** The ledger after an event of the guest's VF. */
export const record = (ledger: Ledger, event: VfEvent): Ledger => {
  if (ledger.guest === "gone") return ledger
  if (ledger.guest === "moving") {
    return event._tag === "StateLoaded" && event.failure === null ? loaded(ledger, event) : ledger
  }
  switch (event._tag) {
    case "RegisterWritten":
      return event.bar === 0 ? written(ledger, event.offset, event.value) : ledger
    case "RequestsExecuted":
      return executed(ledger, event)
    case "ResponsesPlaced":
      return placed(ledger, event)
    case "ArcTaken":
      return arrived(ledger, event.to)
    case "RingPairReset":
      return cleared(ledger, [event.bank])
    case "ResetDone":
      return event.cleared ? ended(ledger) : ledger
    case "Closed":
      return ended(ledger)
    default:
      return ledger
  }
}

/** What the guest knows of one bank, at a moment at which it waits for nothing but what is lost. */
export interface GuestAccount {
  readonly bank: number
  /** Requests that it published, and responses that it took, since it set the rings up. */
  readonly submitted: number
  readonly taken: number
  /** Numbers of the responses that did not answer the request of the same number. */
  readonly wrong: ReadonlyArray<number>
  /** Whether it waits for interrupts; if not, it looks by itself. */
  readonly waitsForInterrupts: boolean
}

const judge = (ledger: Ledger, guest: GuestAccount): ReadonlyArray<Finding> => {
  const { bank, submitted, taken, waitsForInterrupts, wrong } = guest
  const account = accountOf(ledger, bank)
  const { executed: done, placed: there } = account
  const told = published(account)
  const at = (fault: Fault, ring: number, index: number): Finding => ({ fault, bank, ring, index })
  const findings = wrong.map((index) => at("wrong response", receive, index))
  if (told < submitted) findings.push(at("lost tail", transmit, told))
  if (told > submitted) findings.push(at("doubled doorbell", transmit, submitted))
  if (done < told) findings.push(at("not executed", transmit, done))
  if (there < done) findings.push(at("response not placed", receive, there))
  if (taken < there) findings.push(at(waitsForInterrupts ? "lost interrupt" : "response not placed", receive, taken))
  if (taken > there) findings.push(at("response placed twice", receive, there))
  return findings
}

/** Everything that is wrong: what the devices did out of order, then bank by bank what is missing or too much. Empty if all is well. */
export const audit = (ledger: Ledger, guests: ReadonlyArray<GuestAccount>): ReadonlyArray<Finding> => [
  ...ledger.findings,
  ...guests.flatMap((guest) => judge(ledger, guest))
]
