/** The kinds of message that can meet a fault, and which faults each can meet. */
import { type Fault, FaultRefused, type FaultKind } from "@stopcopy/agent"
import { Command } from "@stopcopy/vfio-user"
import { Effect } from "effect"

export type FaultTag = FaultKind["_tag"]

const anywhere = ["ResetPf", "AbortProcess"] as const
const onTheWay = ["Delay", "Drop", "Fail", "LoseAnswer", ...anywhere] as const

/** Commands that a VMM sends; the two that a device sends are not among them. */
const commands = Object.keys(Command).filter((name) => name !== "DMA_READ" && name !== "DMA_WRITE")

const kinds: ReadonlyMap<string, ReadonlyArray<FaultTag>> = new Map<string, ReadonlyArray<FaultTag>>([
  ...commands.map((name) => [name, onTheWay] as const),
  ["SetState", onTheWay],
  ["Resume", onTheWay],
  ["Reset", onTheWay],
  /** A read of migration data that an agent asks for; and for `CorruptBlock` a saving session that begins. */
  ["Save", [...onTheWay, "CorruptBlock"]],
  ["Drain", ["HangDrain", ...anywhere]],
  ["Mailbox", ["LoseMailboxAnswer", ...anywhere]],
  /** The injection itself: what is met by it happens at once. */
  ["Inject", anywhere]
])

/** The names of all messages. */
const messageNames: ReadonlyArray<string> = [...kinds.keys()]

/** What a message can meet. */
export const kindsOf = (message: string): ReadonlyArray<FaultTag> => kinds.get(message) ?? []

const refuse = (reason: string): Effect.Effect<never, FaultRefused> => Effect.fail(new FaultRefused({ reason }))

/** Refuses what no message here can meet. */
export const checkFault = ({ kind, target: { device, message } }: Fault): Effect.Effect<void, FaultRefused> => {
  const met = messageNames.filter((name) => kindsOf(name).includes(kind._tag))
  if (message !== null && !kinds.has(message)) {
    return refuse(`there is no message ${message}; messages are ${messageNames.join(", ")}`)
  }
  if (message !== null && !met.includes(message)) {
    return refuse(`${message} cannot meet ${kind._tag}; ${met.join(", ")} can`)
  }
  if (kind._tag === "ResetPf" && device === null) return refuse("a reset is of one PF; name one of its devices")
  return Effect.void
}
