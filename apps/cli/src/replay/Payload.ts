/** The payload of an event in one line: field names with their values, bytes as their count, registers by name. */
import { RegisterAccess, Registers, statusOf, unpack } from "@stopcopy/qat"
import { Predicate } from "effect"
import { plural } from "../Columns.ts"
import { bytesOfField, scalarText } from "./Scalar.ts"

type Fields = Readonly<Record<string, unknown>>

/** Longest text that a field shows, in characters. */
const textLimit = 60

const cut = (text: string): string => (text.length > textLimit ? `${text.slice(0, textLimit - 3)}...` : text)

/** An errno and its reason, as events carry them. */
const failureText = (failure: Fields): string => {
  const refusal = failure["refusal"]
  const code = Predicate.isRecord(refusal) && typeof refusal["code"] === "string" ? ` (${refusal["code"]})` : ""
  return `${String(failure["name"])}${code}`
}

const recordText = (name: string, value: Fields): string => {
  // A register file is far too much for a line; only what is not 0 is recorded.
  if (name === "registers") return `(${Object.keys(value).length} not 0)`
  if (typeof value["name"] === "string" && typeof value["errno"] === "number") return failureText(value)
  if (typeof value["_tag"] === "string") {
    const fields = fieldsText(value)
    return fields === "" ? value["_tag"] : `${value["_tag"]}(${fields})`
  }
  return `(${cut(fieldsText(value))})`
}

const valueText = (name: string, value: unknown): string => {
  const bytes = bytesOfField(name, value)
  if (bytes !== undefined) return plural(bytes.byteLength, "byte")
  if (Array.isArray(value)) return value.length === 0 ? "none" : `${value.length}`
  return Predicate.isRecord(value) ? recordText(name, value) : cut(scalarText(name, value))
}

const fieldsText = (fields: Fields): string =>
  Object.entries(fields)
    .filter(([name]) => name !== "_tag")
    .map(([name, value]) => `${name}=${valueText(name, value)}`)
    .join(" ")

const hex = (value: number): string => `0x${value.toString(16)}`

/** What a register write means: `BAR0 0x100 bank0.ring0.TAIL = 0x80`. */
const registerText = (bar: number, offset: number, value: number): string => {
  const register = bar === 0 ? RegisterAccess.atBar0(offset) : undefined
  const misc = bar === 2 ? Registers.miscRegisters.find(({ vfOffset }) => vfOffset === offset)?.name : undefined
  const ring = register?.kind === "ring" ? `.ring${register.ring}` : ""
  const name = register === undefined ? misc : `bank${register.bank}${ring}.${register.name}`
  return `BAR${bar} ${hex(offset)} ${name ?? "no register"} = ${hex(value)}`
}

/** What the outcomes of a burst say together: how many, from which slot, how many failed, bytes in and out. */
const outcomesText = (bank: unknown, packed: string): string => {
  const outcomes = unpack(packed)
  const failed = outcomes.filter((outcome) => (statusOf(outcome) & ~endOfLastBlock) !== 0).length
  const input = outcomes.reduce((total, outcome) => total + outcome.input, 0)
  const output = outcomes.flatMap(({ written }) => written).reduce((total, { length }) => total + length, 0)
  const first = outcomes[0]?.slot ?? 0
  return `bank${String(bank)} ${plural(outcomes.length, "request")} from slot ${first}, ${failed} failed, ${plural(input, "byte")} in, ${output} out`
}

/** A status bit that only informs: the final block of a stream was seen. */
const endOfLastBlock = 0x08

/** One line for the payload of an event as its schema encodes it (JSON values); empty if it has no fields. */
export const payloadText = (event: unknown): string => {
  if (!Predicate.isRecord(event)) return String(event)
  const { bar, from, offset, to, value } = event
  const written = typeof bar === "number" && typeof offset === "number" && typeof value === "number"
  if (event["_tag"] === "RegisterWritten" && written) return registerText(bar, offset, value)
  const { bank, outcomes } = event
  if (event["_tag"] === "RequestsExecuted" && typeof outcomes === "string") return outcomesText(bank, outcomes)
  if (event["_tag"] === "ArcTaken") return `${String(from)} -> ${String(to)}`
  return fieldsText(event)
}
