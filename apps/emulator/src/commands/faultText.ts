/** Faults as words of the command line, in both directions. */
import type { FaultKind, InjectedFault } from "@stopcopy/agent"
import * as Errno from "@stopcopy/errno"
import { Either } from "effect"

/** Names of the kinds, as people type them. */
export const kindNames = [
  "delay",
  "drop",
  "fail",
  "lose-answer",
  "hang-drain",
  "corrupt-block",
  "lose-mailbox-answer",
  "reset-pf",
  "abort-process"
] as const
export type KindName = (typeof kindNames)[number]

/** Options that some kinds need. */
export interface KindOptions {
  readonly millis: number | undefined
  readonly errno: string | undefined
  readonly offset: number | undefined
  readonly mask: number | undefined
}

const errnos: ReadonlyMap<string, number> = new Map(
  Errno.numbers.flatMap((number) => {
    const error = Errno.fromNumber(number)
    return error._tag === "Some" ? [[error.value._tag, number] as const] : []
  })
)

const errnoOf = (text: string): number | undefined =>
  errnos.get(text) ?? (/^[0-9]{1,4}$/.test(text) ? Number(text) : undefined)

const needs = (kind: KindName, option: string): Either.Either<never, string> =>
  Either.left(`${kind} needs ${option}; see stopcopy-emulator fault inject --help`)

const plain = {
  drop: { _tag: "Drop" },
  "lose-answer": { _tag: "LoseAnswer" },
  "hang-drain": { _tag: "HangDrain" },
  "lose-mailbox-answer": { _tag: "LoseMailboxAnswer" },
  "reset-pf": { _tag: "ResetPf" },
  "abort-process": { _tag: "AbortProcess" }
} as const

/** The kind that is meant, or what it lacks. */
export const kindOf = (
  name: KindName,
  { errno, mask, millis, offset }: KindOptions
): Either.Either<FaultKind, string> => {
  switch (name) {
    case "delay":
      return millis === undefined ? needs(name, "--millis") : Either.right({ _tag: "Delay", millis })
    case "fail": {
      if (errno === undefined) return needs(name, "--errno")
      const number = errnoOf(errno)
      return number === undefined
        ? Either.left(`--errno ${errno}: is no errno; give a number, or one of ${[...errnos.keys()].join(", ")}`)
        : Either.right({ _tag: "Fail", errno: number })
    }
    case "corrupt-block":
      return offset === undefined
        ? needs(name, "--offset")
        : Either.right({ _tag: "CorruptBlock", offset, mask: mask ?? 1 })
    default:
      return Either.right(plain[name])
  }
}

const kindText = (kind: FaultKind): string => {
  switch (kind._tag) {
    case "Delay":
      return `Delay by ${kind.millis} ms`
    case "Fail":
      return `Fail with errno ${kind.errno}`
    case "CorruptBlock":
      return `CorruptBlock byte ${kind.offset} with mask 0x${kind.mask.toString(16)}`
    default:
      return kind._tag
  }
}

/** One line. */
export const faultText = ({ count, hits, id, kind, nth, seen, target }: InjectedFault): string => {
  const where = `${target.device ?? "every device"}, ${target.message ?? "whatever meets it"}`
  return `${id}  ${kindText(kind)}  ${where}  from the ${nth}. on, ${count} times  seen ${seen}, met ${hits}`
}
