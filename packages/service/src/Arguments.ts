/**
 * The options of each command of a program, and what is wrong with how they are given: looked at before `@effect/cli`, which passes over some mistakes and
 * says little of others.
 */

/** The options of one command, each with its dashes. */
export interface CommandOptions {
  /** Take a value, and are given at most once. */
  readonly once: ReadonlyArray<string>
  /** Take a value, and may be given again. */
  readonly repeated: ReadonlyArray<string>
  /** Take no value. */
  readonly flags: ReadonlyArray<string>
  /** What the value of an option may be, where it is one of few. */
  readonly choices?: Readonly<Record<string, ReadonlyArray<string>>>
  /** What the first argument is called, and what it may be, where it is one of few. */
  readonly first?: { readonly what: string; readonly words: ReadonlyArray<string> }
}

/** What every command has. */
const builtIn = new Set(["--help", "-h", "--version"])

const nameOf = (arg: string): string => arg.split("=", 1)[0] ?? arg

/** What is wrong with the option at `index`. */
const optionProblem = (
  { choices = {}, flags, once, repeated }: CommandOptions,
  rest: ReadonlyArray<string>,
  index: number
): string | undefined => {
  const [option = "", value] = rest.slice(index, index + 2)
  if (builtIn.has(option) || flags.includes(option)) return undefined
  if (!once.includes(option) && !repeated.includes(option)) return `there is no option '${option}'`
  if (value === undefined || value.startsWith("--")) return `${option} needs a value`
  if (value === "") return `${option} has an empty value: give one, or leave the option out`
  const few = choices[option]
  if (few?.includes(value) === false) return `${option} ${value}: is not one of ${few.join(", ")}`
  const times = rest.filter((arg) => arg === option).length
  return times > 1 && once.includes(option) ? `${option} is given ${times} times: give it once` : undefined
}

/** What is wrong with the first argument. */
const firstProblem = ({ first }: CommandOptions, [arg]: ReadonlyArray<string>): ReadonlyArray<string> =>
  first === undefined || arg === undefined || arg.startsWith("-") || first.words.includes(arg)
    ? []
    : [`${arg}: is no ${first.what}; use one of ${first.words.join(", ")}`]

/** The arguments of one program. */
export class Arguments {
  private readonly program: string
  private readonly commands: ReadonlyMap<string, CommandOptions>

  /** `commands` by their names: `serve`, or two words as in `fault inject`. */
  constructor(program: string, commands: ReadonlyMap<string, CommandOptions>) {
    this.program = program
    this.commands = commands
  }

  /** The arguments with every `--name=value` as two: `@effect/cli` understands that form only of options that are given once. */
  readonly withValuesApart = (args: ReadonlyArray<string>): ReadonlyArray<string> =>
    args.flatMap((arg) => {
      const name = nameOf(arg)
      return arg.startsWith("--") && name !== arg ? [name, arg.slice(name.length + 1)] : [arg]
    })

  /** Everything that is wrong with the options, a line for each; undefined if nothing is. `args` with values apart. */
  readonly problems = (args: ReadonlyArray<string>): string | undefined => {
    const [command, rest] = this.commandOf(args)
    const options = this.commands.get(command)
    if (options === undefined) return undefined
    const wrong = rest.flatMap((arg, index) => {
      const text = arg.startsWith("--") ? optionProblem(options, rest, index) : undefined
      return text === undefined ? [] : [text]
    })
    const problems = [...firstProblem(options, rest), ...wrong]
    return problems.length === 0
      ? undefined
      : `${[...new Set(problems)].join("\n")}\nsee ${this.program} ${command} --help`
  }

  /** What `@effect/cli` found wrong, in one line. */
  readonly usage = (args: ReadonlyArray<string>, said: string): string => {
    const [command] = this.commandOf(args)
    const line = said.trim().replaceAll(/\s*\n\s*/g, " ")
    const help = `see ${this.program} ${this.commands.has(command) ? `${command} ` : ""}--help`
    const leftOver = /^Received unknown argument: '([^]*)'$/.exec(line)?.[1]
    if (/^Invalid subcommand/i.test(line)) {
      return `there is no command '${command.trim()}', use one of ${[...this.commands.keys()].join(", ")}; ${help}`
    }
    return leftOver === undefined
      ? `${line.slice(0, 1).toLowerCase()}${line.slice(1)}; ${help}`
      : `'${leftOver}' is an argument too many; ${help}`
  }

  /** The command that the arguments name, and what stands behind it. */
  private commandOf(args: ReadonlyArray<string>): readonly [command: string, rest: ReadonlyArray<string>] {
    const [first = "", second = ""] = args
    const isGroup = [...this.commands.keys()].some((name) => name.startsWith(`${first} `))
    return isGroup ? [`${first} ${second}`, args.slice(2)] : [first, args.slice(1)]
  }
}
