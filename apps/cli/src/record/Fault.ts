/**
 * Faults by rule: which message they catch, and what becomes of it.
 *
 *     drop COMMAND N             it does not go on
 *     delay COMMAND N MILLIS     it and what is behind it go on later
 *     errno COMMAND N ERRNO      a request is answered with an error and does not go on; a reply becomes the error
 *     cut COMMAND N BYTES        its first BYTES go on, then both connections end
 *     corrupt COMMAND N OFFSET   the byte at OFFSET of its payload is inverted
 *
 * COMMAND is `REGION_WRITE` for requests and `REGION_WRITE.reply` for replies; N counts from 1 over the whole recording. Case does not matter.
 */
import { fromNumber, numbers } from "@stopcopy/errno"
import { Command, commandName, Header } from "@stopcopy/vfio-user"
import { Either, Option } from "effect"

const kinds = ["drop", "delay", "errno", "cut", "corrupt"] as const
type Kind = (typeof kinds)[number]

export interface Fault {
  /** As it was given. */
  readonly rule: string
  readonly kind: Kind
  /** By number. */
  readonly command: number
  readonly ofReply: boolean
  /** The message that it catches, from 1 on. */
  readonly place: number
  /** Milliseconds, errno, bytes or offset; 0 for `drop`. */
  readonly value: number
}

/** What the last word of a rule is; none for `drop`. */
const valueOf: Readonly<Record<Kind, string | undefined>> = {
  drop: undefined,
  delay: "MILLIS",
  errno: "ERRNO",
  cut: "BYTES",
  corrupt: "OFFSET"
}

const maxErrno = 4095
const maxValue = 0xffff_ffff

const commandOf = (name: string): number | undefined =>
  Object.values(Command).find((each) => commandName(each) === name)

const whole = (word: string, least: number, most: number): number | undefined => {
  const value = /^\d+$/.test(word) ? Number(word) : Number.NaN
  return value >= least && value <= most ? value : undefined
}

const errnoOf = (word: string): number | undefined =>
  numbers.find((each) => Option.exists(fromNumber(each), ({ _tag }) => _tag === word)) ?? whole(word, 1, maxErrno)

const parseValue = (kind: Kind, word: string): number | undefined =>
  kind === "errno" ? errnoOf(word.toUpperCase()) : whole(word, 0, maxValue)

const isKind = (word: string): word is Kind => kinds.some((kind) => kind === word)

/** A rule, or everything that is wrong with it. */
const parse = (rule: string): Either.Either<Fault, ReadonlyArray<string>> => {
  const [first = "", name = "", times = "", last, ...more] = rule.trim().split(/\s+/)
  const kind = first.toLowerCase()
  if (!isKind(kind)) return Either.left([`'${first}' is no fault, use ${kinds.join(", ")}`])
  const wanted = valueOf[kind]
  const [bare = "", suffix] = name.toUpperCase().split(".", 2)
  const command = commandOf(bare)
  const place = whole(times, 1, maxValue)
  const value = wanted === undefined || last === undefined ? 0 : parseValue(kind, last)
  const usage = `${kind} COMMAND N${wanted === undefined ? "" : ` ${wanted}`}`
  const count = wanted === undefined ? 3 : 4
  const wrong = [
    ...(command === undefined || (suffix !== undefined && suffix !== "REPLY") ? [`'${name}' is no command`] : []),
    ...(place === undefined ? [`'${times}' is no number from 1 on`] : []),
    ...(value === undefined ? [`'${last ?? ""}' is no ${wanted ?? ""}`] : []),
    ...(more.length > 0 || rule.trim().split(/\s+/).length !== count ? [`a rule is '${usage}'`] : [])
  ]
  if (command === undefined || place === undefined || value === undefined || wrong.length > 0) return Either.left(wrong)
  return Either.right({ rule: rule.trim(), kind, command, ofReply: suffix !== undefined, place, value })
}

/** The rules, or what is wrong with all of them in one line. */
export const parseFaults = (rules: ReadonlyArray<string>): Either.Either<ReadonlyArray<Fault>, string> => {
  const parsed = rules.map((rule) => [rule, parse(rule)] as const)
  const wrong = parsed.flatMap(([rule, found]) =>
    Either.isLeft(found) ? [`--fault '${rule}': ${found.left.join(", ")}`] : []
  )
  return wrong.length > 0
    ? Either.left(wrong.join("; "))
    : Either.right(parsed.flatMap(([, found]) => (Either.isRight(found) ? [found.right] : [])))
}

/** Counts messages and gives those that a rule catches. */
export class Faults {
  private readonly rules: ReadonlyArray<Fault>
  private readonly seen = new Map<string, number>()

  constructor(rules: ReadonlyArray<Fault>) {
    this.rules = rules
  }

  /** The rules that catch this message, in the order in which they were given. To be asked once for each message. */
  catching(header: Header.Header): ReadonlyArray<Fault> {
    if (this.rules.length === 0) return []
    const ofReply = (header.flags & Header.typeMask) !== Header.typeCommand
    const key = `${header.command} ${ofReply}`
    const place = (this.seen.get(key) ?? 0) + 1
    this.seen.set(key, place)
    return this.rules.filter(
      (rule) => rule.command === header.command && rule.ofReply === ofReply && rule.place === place
    )
  }
}
