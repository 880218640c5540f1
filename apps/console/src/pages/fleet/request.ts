/** What a dialog asks for when somebody starts a migration. Pure. */
import type { Vf } from "@stopcopy/coordinator-api"
import * as Arr from "effect/Array"

/** By name on their host. */
export type Devices = Arr.NonEmptyReadonlyArray<string>

export interface Choice {
  readonly from: string
  readonly devices: Devices
  /** Empty: the coordinator chooses. */
  readonly to: string
  /** A VF of the destination for each device; empty ones: the coordinator chooses all of them. */
  readonly targets: ReadonlyArray<string>
  /** Milliseconds as they were written; empty: as the policy says. */
  readonly limit: string
  /** Milliseconds to wait for a better moment; empty: not at all. */
  readonly wait: string
  readonly priority: number
}

/** Whole milliseconds up to seven days, as the API takes them. */
const millis = (text: string): number | undefined => {
  const value = Number(text)
  return /^\d+$/.test(text.trim()) && value >= 1 && value <= 604_800_000 ? value : undefined
}

/** What is wrong with what was written; undefined: nothing. */
export const mistakeOf = ({ limit, targets, wait }: Choice): string | undefined => {
  if (limit !== "" && millis(limit) === undefined)
    return `the downtime limit '${limit}' is no number of milliseconds from 1 to 604800000`
  if (wait !== "" && millis(wait) === undefined)
    return `the wait '${wait}' is no number of milliseconds from 1 to 604800000`
  const chosen = targets.filter((target) => target !== "")
  if (chosen.length > 0 && chosen.length < targets.length) return "choose a VF for each device, or for none"
  return new Set(chosen).size < chosen.length ? "the same VF is chosen twice" : undefined
}

/** The question of a preflight. */
export const preflightOf = ({ devices, from, targets, to }: Choice) => {
  const base = { from, devices }
  if (to === "") return base
  const isChosen = targets.every((target) => target !== "") && Arr.isNonEmptyReadonlyArray(targets)
  return { ...base, to: isChosen ? { host: to, devices: targets, incoming: false } : { host: to, incoming: false } }
}

/** The request itself. */
export const requestOf = (choice: Choice) => {
  const [limit, wait] = [millis(choice.limit), millis(choice.wait)]
  const whenOver = wait === undefined ? { _tag: "Abort" as const } : { _tag: "Wait" as const, millis: wait }
  const whole = { ...preflightOf(choice), priority: choice.priority, whenOver }
  return limit === undefined ? whole : { ...whole, downtimeLimitMillis: limit }
}

/** All devices that move with this one, which is the first of them. */
export const groupOf = (vfs: ReadonlyArray<Vf>, { group, host, name }: Vf): Devices => {
  const others = vfs.filter((vf) => group !== null && vf.host === host && vf.group === group && vf.name !== name)
  return [name, ...others.map((vf) => vf.name)]
}
