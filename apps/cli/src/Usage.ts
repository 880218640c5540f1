/** What is wrong with a command line, in one line. `@effect/cli` sees what is left over; which option it belongs to is found here. */

/** Options that take a value, by command. Each may be given once. */
const valued: ReadonlyMap<string, ReadonlyArray<string>> = new Map([
  ["demo", ["--journal"]],
  ["decode", []],
  ["replay", ["--stream", "--at"]]
])

/** An option that is given more than once, or without its value. */
const optionProblem = (options: ReadonlyArray<string>, args: ReadonlyArray<string>): string | undefined => {
  for (const option of options) {
    const times = args.filter((arg) => arg === option || arg.startsWith(`${option}=`)).length
    if (times > 1) return `${option} is given ${times} times: give it once`
    const value = args.indexOf(option) + 1
    if (value > 0 && (value === args.length || args[value]?.startsWith("--") === true)) return `${option} needs a value`
  }
  return undefined
}

/** `@effect/cli` calls everything that it could not place an unknown argument. */
const leftOver = (said: string): string => {
  const given = /^Received unknown argument: '([^]*)'$/.exec(said)?.[1]
  if (given === undefined) return said.slice(0, 1).toLowerCase() + said.slice(1)
  return given.startsWith("-") ? `there is no option '${given}'` : `'${given}' is an argument too many`
}

/** `args` is what stands behind the program's name; `said` what `@effect/cli` found wrong with it. */
export const usageText = (args: ReadonlyArray<string>, said: string): string => {
  const [command = "", ...rest] = args
  const options = valued.get(command)
  const problem = optionProblem(options ?? [], rest) ?? leftOver(said.trim().replaceAll(/\s*\n\s*/g, " "))
  return `${problem}; see stopcopy ${options === undefined ? "" : `${command} `}--help`
}
