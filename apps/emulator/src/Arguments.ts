/**
 * The options of each command, and what is wrong with how they are given: looked at before `@effect/cli`, which passes over some mistakes and says little of
 * others.
 */

import { kindNames } from "./commands/faultText.ts"
import { logLevels } from "./Logging.ts"

interface Options {
  readonly once: ReadonlyArray<string>
  readonly repeated: ReadonlyArray<string>
  readonly flags: ReadonlyArray<string>
}

const agent = ["--agent", "--agent-token-file"]
const toAgent = [...agent, "--agent-ca", "--agent-fingerprint"]
const toAgentFlags = ["--agent-insecure", "--json"]
const certificate = ["--agent-tls-cert", "--agent-tls-key"]

const commands: ReadonlyMap<string, Options> = new Map<string, Options>([
  [
    "serve",
    {
      once: [
        "--config",
        "--host",
        "--socket-dir",
        "--journal",
        "--drain-seconds",
        "--log-level",
        ...agent,
        ...certificate
      ],
      repeated: ["--pf", "--sla"],
      flags: ["--no-descriptors", "--agent-insecure"]
    }
  ],
  [
    "fault inject",
    {
      once: ["--device", "--message", "--nth", "--count", "--millis", "--errno", "--offset", "--mask", ...toAgent],
      repeated: [],
      flags: toAgentFlags
    }
  ],
  ["fault list", { once: toAgent, repeated: [], flags: toAgentFlags }],
  ["fault clear", { once: toAgent, repeated: ["--id"], flags: toAgentFlags }]
])

/** Options of which a value is one of few. */
const choices: ReadonlyMap<string, ReadonlyArray<string>> = new Map([["--log-level", logLevels]])

/** What every command has. */
const builtIn = new Set(["--help", "-h", "--version"])

/** The command that the arguments name, and what stands behind it. */
const commandOf = (args: ReadonlyArray<string>): readonly [command: string, rest: ReadonlyArray<string>] => {
  const [first = "", second = ""] = args
  return first === "fault" ? [`fault ${second}`, args.slice(2)] : [first, args.slice(1)]
}

const nameOf = (arg: string): string => arg.split("=", 1)[0] ?? arg

/** The arguments with every `--name=value` as two: `@effect/cli` understands that form only of options that are given once. */
export const withValuesApart = (args: ReadonlyArray<string>): ReadonlyArray<string> =>
  args.flatMap((arg) => {
    const name = nameOf(arg)
    return arg.startsWith("--") && name !== arg ? [name, arg.slice(name.length + 1)] : [arg]
  })

/** What is wrong with the option at `index`. */
const optionProblem = (
  { flags, once, repeated }: Options,
  rest: ReadonlyArray<string>,
  index: number
): string | undefined => {
  const [option = "", value] = rest.slice(index, index + 2)
  if (builtIn.has(option) || flags.includes(option)) return undefined
  if (!once.includes(option) && !repeated.includes(option)) return `there is no option '${option}'`
  if (value === undefined || value.startsWith("--")) return `${option} needs a value`
  if (value === "") return `${option} has an empty value: give one, or leave the option out`
  const few = choices.get(option)
  if (few?.includes(value) === false) return `${option} ${value}: is not one of ${few.join(", ")}`
  const times = rest.filter((arg) => arg === option).length
  return times > 1 && once.includes(option) ? `${option} is given ${times} times: give it once` : undefined
}

/** What is wrong with the kind of fault, which stands first. */
const kindProblem = ([kind]: ReadonlyArray<string>): ReadonlyArray<string> =>
  kind === undefined || kind.startsWith("-") || kindNames.some((name) => name === kind)
    ? []
    : [`${kind}: is no kind of fault; use one of ${kindNames.join(", ")}`]

/** Everything that is wrong with the options, a line for each; undefined if nothing is. `args` with values apart. */
export const argumentText = (args: ReadonlyArray<string>): string | undefined => {
  const [command, rest] = commandOf(args)
  const options = commands.get(command)
  if (options === undefined) return undefined
  const kinds = command === "fault inject" ? kindProblem(rest) : []
  const problems = rest.flatMap((arg, index) => {
    // What stands behind an option that takes a value is its value.
    const before = rest[index - 1] ?? ""
    const isValue = options.once.includes(before) || options.repeated.includes(before)
    const text = arg.startsWith("--") && !isValue ? optionProblem(options, rest, index) : undefined
    return text === undefined ? [] : [text]
  })
  return problems.length + kinds.length === 0
    ? undefined
    : `${[...new Set([...kinds, ...problems])].join("\n")}\nsee stopcopy-emulator ${command} --help`
}

/** What `@effect/cli` found wrong, in one line. */
export const usageText = (args: ReadonlyArray<string>, said: string): string => {
  const [command] = commandOf(args)
  const line = said.trim().replaceAll(/\s*\n\s*/g, " ")
  const help = `see stopcopy-emulator ${commands.has(command) ? `${command} ` : ""}--help`
  const leftOver = /^Received unknown argument: '([^]*)'$/.exec(line)?.[1]
  if (/^Invalid subcommand/i.test(line)) {
    return `there is no command '${command.trim()}', use one of ${[...commands.keys()].join(", ")}; ${help}`
  }
  return leftOver === undefined
    ? `${line.slice(0, 1).toLowerCase()}${line.slice(1)}; ${help}`
    : `'${leftOver}' is an argument too many; ${help}`
}
