/** What is wrong with a command line: the option it belongs to is named, and where to look. */
import * as Command from "@effect/cli/Command"
import { assert, it } from "@effect/vitest"
import { HashMap } from "effect"
import { stopcopy } from "../src/Commands.ts"
import { helpText, usageText, withValuesApart } from "../src/Usage.ts"

const unknown = (given: string): string => `Received unknown argument: '${given}'`

it("an option without its value, or given twice, is named", () => {
  assert.strictEqual(
    usageText(["replay", "j", "--stream"], unknown("--stream")),
    "--stream needs a value; see stopcopy replay --help"
  )
  assert.include(usageText(["replay", "j", "--stream", "--at", "1"], unknown("--stream")), "--stream needs a value")
  assert.include(usageText(["replay", "j", "--at", "5", "--at=6"], unknown("--at=6")), "--at is given 2 times")
  assert.include(usageText(["demo", "--journal"], unknown("--journal")), "--journal needs a value; see stopcopy demo")
})

it("commands of two words have options of their own, some of which may be given again", () => {
  const create = ["bundle", "create", "out", "j", "--redact", "a", "--redact", "b"]
  assert.include(usageText(create, unknown("--what")), "there is no option '--what'; see stopcopy bundle create --help")
  assert.include(usageText([...create, "--correlation", "x", "--correlation=y"], ""), "--correlation is given 2 times")
  assert.include(usageText([...create, "--redact"], unknown("--redact")), "--redact needs a value")
  assert.include(usageText(["bundle"], "What?"), "see stopcopy bundle --help")
})

it("every command is known, with every command behind it", () => {
  const namesIn = (args: ReadonlyArray<string>) =>
    (/use one of ([^;]*);/.exec(usageText(args, "Invalid subcommand"))?.[1] ?? "").split(", ").toSorted()
  const [all, bundle] = [Command.getSubcommands(stopcopy), ["create", "fetch", "open"]]
  assert.deepStrictEqual(namesIn(["dance"]), [...HashMap.keys(all)].toSorted())
  assert.deepStrictEqual(namesIn(["bundle", "dance"]), bundle)
})

it("the devices of an agent may stand behind =; everything that is missing is named", () => {
  assert.deepStrictEqual(withValuesApart(["agent", "--device=a=/s,free"]), ["agent", "--device", "a=/s,free"])
  const missing = "Expected to find option: '--journal'\nExpected to find option: '--agent'"
  assert.strictEqual(
    usageText(["agent", "--device", "a=/s"], missing),
    "expected to find option: '--journal'; expected to find option: '--agent'; see stopcopy agent --help"
  )
})

it("an empty value is refused; values behind = are set apart for options that may be given again", () => {
  assert.include(usageText(["replay", "j", "--type", ""], ""), "--type has an empty value")
  assert.include(usageText(["bundle", "create", "o", "j", "--correlation="], ""), "--correlation has an empty value")
  assert.deepStrictEqual(withValuesApart(["compare", "--ignore=a=b", "x", "--", "--ignore=c"]), [
    "compare",
    "--ignore",
    "a=b",
    "x",
    "--",
    "--ignore=c"
  ])
})

it("an unknown option and an argument too many are told apart", () => {
  assert.strictEqual(
    usageText(["demo", "--at", "1"], unknown("--at")),
    "there is no option '--at'; see stopcopy demo --help"
  )
  assert.include(usageText(["decode", "a", "b"], unknown("b")), "'b' is an argument too many")
})

it("who mistypes a command is told the one that was meant", () => {
  const said = (...args: ReadonlyArray<string>) => usageText(args, "Invalid subcommand")
  assert.strictEqual(said("lst"), "there is no command 'lst' (did you mean list?); see stopcopy --help")
  assert.include(said("shwo"), "did you mean show?")
  assert.include(said("migrat"), "did you mean migrate?")
  assert.include(said("vf", "grup", "a"), "(did you mean group?); see stopcopy vf --help")
  assert.include(said("x"), "there is no command 'x', use one of demo, ")
})

it("help shows the whole command, and of options only what they are for", () => {
  const text = "USAGE\n\n$ group [--json]\n\n--json\n\n  A true or false value.\n\n  Print JSON\n"
  assert.strictEqual(
    helpText(["vf", "group", "--help"], text),
    "USAGE\n\n$ stopcopy vf group [--json]\n\n--json\n\n  Print JSON\n"
  )
  assert.strictEqual(helpText(["--help"], "USAGE\n\n$ stopcopy\n"), "USAGE\n\n$ stopcopy\n")
})

it("everything else is said as it is, in one line", () => {
  assert.strictEqual(usageText(["what"], "Invalid\n  thing"), "invalid thing; see stopcopy --help")
})
