/** What is wrong with options: everything at once, in words. */
import { assert, it } from "@effect/vitest"
import { Arguments } from "@stopcopy/service"

const known = new Arguments(
  "tool",
  new Map([
    ["serve", { once: ["--port", "--name"], repeated: ["--pf"], flags: ["--quiet"] }],
    [
      "fault inject",
      {
        once: ["--nth", "--level"],
        repeated: [],
        flags: [],
        choices: { "--level": ["low", "high"] },
        first: { what: "kind of fault", words: ["delay", "drop"] }
      }
    ]
  ])
)
const problems = (...args: ReadonlyArray<string>) => known.problems(known.withValuesApart(args))

it("nothing is wrong with options as they are described", () => {
  assert.isUndefined(problems("serve", "--port=1", "--pf", "a", "--pf=b", "--quiet", "--help"))
  assert.isUndefined(problems("fault", "inject", "--nth", "-2"))
  assert.isUndefined(problems("dance", "--wildly"), "a command that is not known is for the parser")
})

it("all mistakes are told, and where to read more", () => {
  assert.strictEqual(
    problems("serve", "--prot", "1", "--port", "--name=", "--name", "x"),
    "there is no option '--prot'\n--port needs a value\n--name has an empty value: give one, or leave the option out\n" +
      "--name is given 2 times: give it once\nsee tool serve --help"
  )
  assert.strictEqual(
    problems("fault", "inject", "--port=1"),
    "there is no option '--port'\nsee tool fault inject --help"
  )
})

it("a word that is none of few is told with those that there are", () => {
  assert.isUndefined(problems("fault", "inject", "drop", "--level", "low"))
  assert.strictEqual(
    problems("fault", "inject", "dorp", "--level=mid"),
    "dorp: is no kind of fault; use one of delay, drop\n--level mid: is not one of low, high\nsee tool fault inject --help"
  )
})

it("what a parser finds is one line with a remedy", () => {
  assert.strictEqual(known.usage(["serve"], "Expected\n  a thing"), "expected a thing; see tool serve --help")
  assert.strictEqual(
    known.usage(["dance"], "Invalid subcommand for tool"),
    "there is no command 'dance', use one of serve, fault inject; see tool --help"
  )
  assert.strictEqual(
    known.usage(["serve", "x"], "Received unknown argument: 'x'"),
    "'x' is an argument too many; see tool serve --help"
  )
})
