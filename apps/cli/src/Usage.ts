/** What is wrong with a command line, in one line. `@effect/cli` sees what is left over; which option it belongs to is found here. */
import { nearest } from "./Nearest.ts"

/** Options of a command that take a value. */
interface Valued {
  readonly once: ReadonlyArray<string>
  /** May be given again. */
  readonly repeated?: ReadonlyArray<string>
}

/** The options of an operator command, with those of the connection to the coordinator. */
const operator = (once: ReadonlyArray<string>, repeated: ReadonlyArray<string> = []): Valued => ({
  once: ["--coordinator", "--token-file", "--ca-file", "--config", ...once],
  repeated
})

const valued: ReadonlyMap<string, Valued> = new Map<string, Valued>([
  ["demo", { once: ["--journal", "--emulator", "--coordinator"] }],
  ["start", { once: ["--port", "--data", "--emulator", "--coordinator"] }],
  ["decode", { once: [] }],
  ["replay", { once: ["--stream", "--at", "--type", "--text", "--regex", "--correlation", "--from", "--to"] }],
  ["diff", { once: ["--stream"] }],
  ["blame", { once: ["--at"] }],
  ["why", { once: [] }],
  ["verify", { once: [] }],
  ["compare", { once: [], repeated: ["--ignore"] }],
  ["bundle", { once: [] }],
  ["bundle create", { once: ["--correlation"], repeated: ["--redact"] }],
  ["bundle fetch", operator(["--attempt"], ["--redact"])],
  ["bundle open", { once: [] }],
  ["conformance", { once: ["--junit"], repeated: ["--only"] }],
  ["record", { once: ["--listen", "--connect", "--journal", "--name"], repeated: ["--fault"] }],
  [
    "agent",
    {
      once: ["--host", "--journal", "--agent", "--agent-token-file", "--agent-tls-cert", "--agent-tls-key"],
      repeated: ["--device"]
    }
  ],
  ["host", { once: [] }],
  ["host list", operator([])],
  ["host add", operator([])],
  ["host show", operator([])],
  ["host remove", operator([])],
  ["host cordon", operator(["--reason"])],
  ["host uncordon", operator([])],
  ["vf", { once: [] }],
  ["vf list", operator(["--state"])],
  ["vf show", operator([])],
  ["vf placements", operator([])],
  ["vf groups", operator([])],
  ["vf group", operator([])],
  ["vf ungroup", operator([])],
  ["preflight", operator(["--group"], ["--to"])],
  ["migrate", operator(["--group", "--priority", "--downtime-limit", "--patience", "--key"], ["--to"])],
  ["watch", operator(["--after"])],
  ["list", operator(["--phase", "--host", "--group", "--evacuation", "--limit", "--after"])],
  ["show", operator([])],
  ["cancel", operator(["--reason"])],
  ["redirect", operator([], ["--to"])],
  ["resolve", operator(["--verdict"])],
  ["evacuate", operator(["--priority", "--key"])],
  ["policy", { once: [] }],
  ["policy get", operator([])],
  ["policy set", operator([])],
  ["completions", { once: [] }]
])

/** The command that the arguments name, and what stands behind it. */
const commandOf = (args: ReadonlyArray<string>): readonly [command: string, rest: ReadonlyArray<string>] => {
  const two = args.slice(0, 2).join(" ")
  return valued.has(two) && args.length > 1 ? [two, args.slice(2)] : [args[0] ?? "", args.slice(1)]
}

const isWithoutValue = (option: string, args: ReadonlyArray<string>): boolean =>
  args.some((arg, index) => arg === option && (args[index + 1]?.startsWith("--") ?? true))

/** An empty value is that of a shell variable that is not set: passed over, more would be shown or kept than was meant. */
const isEmpty = (option: string, args: ReadonlyArray<string>): boolean =>
  args.some((arg, index) => arg === `${option}=` || (arg === option && args[index + 1] === ""))

/** An option that is given more than once, or without its value. */
const optionProblem = ({ once, repeated = [] }: Valued, args: ReadonlyArray<string>): string | undefined => {
  for (const option of [...once, ...repeated]) {
    const times = args.filter((arg) => arg === option || arg.startsWith(`${option}=`)).length
    if (times > 1 && once.includes(option)) return `${option} is given ${times} times: give it once`
    if (isWithoutValue(option, args)) return `${option} needs a value`
    if (isEmpty(option, args)) return `${option} has an empty value: give one, or leave the option out`
  }
  return undefined
}

/** `@effect/cli` calls everything that it could not place an unknown argument. */
const leftOver = (said: string): string => {
  const given = /^Received unknown argument: '([^]*)'$/.exec(said)?.[1]
  if (given === undefined) return said.slice(0, 1).toLowerCase() + said.slice(1)
  return given.startsWith("-") ? `there is no option '${given}'` : `'${given}' is an argument too many`
}

/** The names of the commands, or of those behind `group`. */
const commandsIn = (group: string): ReadonlyArray<string> => {
  const inside = [...valued.keys()].filter((name) => name.startsWith(`${group} `))
  const names = inside.length === 0 ? [...valued.keys()].filter((name) => !name.includes(" ")) : inside
  return names.map((name) => name.slice(name.indexOf(" ") + 1))
}

/** A word in place of a command; undefined if that is not what is wrong. */
const noCommand = (command: string, rest: ReadonlyArray<string>, said: string): string | undefined => {
  if (!/^Invalid subcommand/i.test(said)) return undefined
  const typed = valued.has(command) ? rest[0] : command
  const names = commandsIn(command)
  const meant = nearest(typed ?? "", names)
  return meant.length === 0
    ? `there is no command '${typed ?? ""}', use one of ${names.join(", ")}`
    : `there is no command '${typed ?? ""}' (did you mean ${meant.join(" or ")}?)`
}

/**
 * The arguments with every `--name=value` of an option that may be given again as two: `@effect/cli` understands that form only of
 * options that are given once. What stands behind `--` stays.
 */
export const withValuesApart = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const { repeated = [] } = valued.get(commandOf(args)[0]) ?? {}
  const end = args.indexOf("--")
  return args.flatMap((arg, index) => {
    const option = end >= 0 && index > end ? undefined : repeated.find((name) => arg.startsWith(`${name}=`))
    return option === undefined ? [arg] : [option, arg.slice(option.length + 1)]
  })
}

/** What `@effect/cli` says of the type of every option and argument; what it is for stands behind it. */
const typeLine = /^ *A (user-defined piece of text|true or false value)\.\n\n/gm

/** A help text whose usage has the whole command: `@effect/cli` leaves out what stands before the last word. */
export const helpText = (args: ReadonlyArray<string>, text: string): string => {
  const [command] = commandOf(args)
  const whole = text.replaceAll(typeLine, "")
  if (!valued.has(command)) return whole
  const before = `stopcopy ${command}`.slice(0, -(command.split(" ").at(-1) ?? "").length)
  return whole.replace(/^\$ /m, `$$ ${before}`)
}

const inHelp = (command: string, known: boolean): string => `; see stopcopy ${known ? `${command} ` : ""}--help`

/**
 * An option of these arguments that is given more than once, or without a value; looked for before they are understood, because
 * `@effect/cli` passes over an option at the end that lacks its value.
 */
export const optionText = (args: ReadonlyArray<string>): string | undefined => {
  const [command, rest] = commandOf(args)
  const problem = optionProblem(valued.get(command) ?? { once: [] }, rest)
  return problem === undefined ? undefined : `${problem}${inHelp(command, true)}`
}

/** `args` is what stands behind the program's name; `said` what `@effect/cli` found wrong with it. */
export const usageText = (args: ReadonlyArray<string>, said: string): string => {
  const [command, rest] = commandOf(args)
  // Options that are missing are named one after the other.
  const line = said
    .trim()
    .replaceAll(/\s*\n\s*(?=Expected)/g, "; ")
    .replaceAll(/\s*\n\s*/g, " ")
    .replaceAll("; Expected", "; expected")
  const wrong = noCommand(command, rest, line) ?? leftOver(line)
  return optionText(args) ?? `${wrong}${inHelp(command, valued.has(command))}`
}
