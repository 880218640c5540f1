/**
 * PFs and SLAs as options of the command line: `--pf NAME=TYPE:VFS`, more behind commas (`,services=sym;dc,capabilities=0x5`), and
 * `--sla NAME/vfN=SERVICE:CIR:PIR`. Here text becomes an entry that is not judged yet: the same rules hold for it as for a file.
 */
import { Either } from "effect"
import { type Problem, problem } from "@stopcopy/service"

/** An entry that no schema has seen. */
export interface RawEntry {
  readonly where: string
  readonly value: Record<string, unknown>
}

const settings = ["services", "capabilities", "fuses", "mode", "auto-reset"] as const
type Setting = (typeof settings)[number]

const isSetting = (name: string): name is Setting => settings.some((setting) => setting === name)

const pfForm =
  "NAME=TYPE:VFS, such as a=4xxx:4, and behind a comma each of " + settings.map((name) => `${name}=...`).join(", ")

/** Digits as a number; anything else as it is, for the schema to refuse. */
const numberOr = (text: string): number | string => (/^[0-9]+$/.test(text) ? Number(text) : text)

const valueOf = (setting: Setting, text: string): readonly [field: string, value: unknown] => {
  if (setting !== "auto-reset") return [setting, text]
  return ["autoReset", text === "true" ? true : text === "false" ? false : text]
}

/** An entry as far as it could be read, and what is wrong with how it is written. */
interface ParsedPf {
  readonly entry: RawEntry | undefined
  readonly problems: ReadonlyArray<Problem>
}

/** `NAME=TYPE:VFS` and settings behind it. */
export const parsePf = (text: string): ParsedPf => {
  const where = `--pf ${text}`
  const [, name, type, vfs, rest] = /^([^=]*)=([^:,]*):([^,]*)((?:,.*)?)$/.exec(text) ?? []
  if (name === undefined || type === undefined || vfs === undefined) {
    return { entry: undefined, problems: [problem(where, `is not ${pfForm}`)] }
  }
  const value: Record<string, unknown> = { name, type, vfs: numberOr(vfs) }
  const problems: Array<Problem> = []
  for (const part of (rest ?? "").split(",").slice(1)) {
    const [, setting = part, given] = /^([^=]*)=(.*)$/.exec(part) ?? []
    if (!isSetting(setting) || given === undefined) {
      problems.push(problem(where, `'${part}' is not one of ${settings.map((each) => `${each}=...`).join(", ")}`))
      continue
    }
    const [field, decoded] = valueOf(setting, given)
    if (field in value) problems.push(problem(where, `${setting} is given twice: give it once`))
    value[field] = decoded
  }
  return { entry: { where, value }, problems }
}

/** An SLA with the PF that it is for. */
export interface RawSla {
  readonly where: string
  readonly pf: string
  readonly value: Record<string, unknown>
}

export const parseSla = (text: string): Either.Either<RawSla, ReadonlyArray<Problem>> => {
  const where = `--sla ${text}`
  const [, pf, vf, service, cir, pir] = /^(.+)\/vf([0-9]+)=([^:]+):([0-9]+):([0-9]+)$/.exec(text) ?? []
  if (pf === undefined || service === undefined) {
    return Either.left([
      problem(where, "is not NAME/vfN=SERVICE:CIR:PIR, rates in permille, such as a/vf0=sym:400:800")
    ])
  }
  return Either.right({ where, pf, value: { vf: Number(vf), service, cir: Number(cir), pir: Number(pir) } })
}
