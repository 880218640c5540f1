/** Where the address and the token come from, which goes first, and what is wrong with them. */
import { afterAll, assert, beforeAll, it } from "@effect/vitest"
import { Either, Option } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type ConnectionOptions, settingsOf } from "../../src/operate/Settings.ts"

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "stopcopy-settings-"))
})
afterAll(() => rmSync(folder, { recursive: true }))

const write = (name: string, text: string): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const settings = (
  given: Partial<Record<keyof ConnectionOptions, string>>,
  environment: Record<string, string> = {}
) => {
  const { caFile, config, coordinator, tokenFile } = given
  const options = { caFile, config, coordinator, tokenFile }
  return settingsOf(
    {
      caFile: Option.fromNullable(options.caFile),
      config: Option.fromNullable(options.config),
      coordinator: Option.fromNullable(options.coordinator),
      tokenFile: Option.fromNullable(options.tokenFile)
    },
    { XDG_CONFIG_HOME: folder, ...environment }
  )
}

const good = (...args: Parameters<typeof settings>) =>
  Either.getOrThrowWith(settings(...args), ({ message }) => new Error(message))
const problems = (...args: Parameters<typeof settings>): ReadonlyArray<string> => {
  const result = settings(...args)
  return Either.isLeft(result) ? result.left.message.split("\n") : []
}

it("without anything it is the coordinator of this machine, without a token", () => {
  assert.deepStrictEqual(good({}), { baseUrl: "http://127.0.0.1:7700", token: undefined, ca: undefined })
})

it("options go before the environment, that before the file; a path in the file is relative to it", () => {
  write("secret", "# of the night shift\nnight file-secret-0123456789\n")
  const config = write("some.json", JSON.stringify({ coordinator: "http://127.0.0.1:1", tokenFile: "secret" }))
  assert.deepInclude(good({ config }), { baseUrl: "http://127.0.0.1:1", token: "file-secret-0123456789" })
  const environment = {
    STOPCOPY_CONFIG: config,
    STOPCOPY_COORDINATOR: "localhost:2",
    STOPCOPY_TOKEN: "from-environment"
  }
  assert.deepInclude(good({}, environment), { baseUrl: "http://localhost:2", token: "from-environment" })
  const own = write("own", "own-secret-0123456789")
  const options = { coordinator: "https://fleet.example:3", tokenFile: own }
  assert.deepInclude(good(options, environment), { baseUrl: "https://fleet.example:3", token: "own-secret-0123456789" })
})

it("an empty variable says nothing", () => {
  assert.deepInclude(good({}, { STOPCOPY_COORDINATOR: "", STOPCOPY_TOKEN: "" }), { baseUrl: "http://127.0.0.1:7700" })
})

it("every mistake is named at once, with where it stands", () => {
  const environment = {
    STOPCOPY_COORDINATOR: "ftp://fleet",
    STOPCOPY_TOKEN: "two words",
    STOPCOPY_CA_FILE: join(folder, "none.pem")
  }
  const [address = "", token = "", ca = ""] = problems({}, environment)
  assert.include(address, "STOPCOPY_COORDINATOR: 'ftp://fleet' is no address of a coordinator; write http://HOST:PORT")
  assert.include(token, "STOPCOPY_TOKEN: is no token")
  assert.include(ca, "none.pem: cannot be read")
})

it("wrong files and two tokens from one source are refused", () => {
  const unknown = write("unknown.json", JSON.stringify({ coordinator: 7, tokens: "x" }))
  assert.strictEqual(problems({ config: unknown }).length, 2)
  assert.include(problems({ config: join(folder, "none.json") })[0], "--config")
  assert.include(problems({ config: write("text.json", "hello") })[0], "is no JSON")
  const empty = write("empty", "\n# nothing\n")
  assert.include(problems({ tokenFile: empty })[0], "has no token; put one on a line of its own")
  const both = { STOPCOPY_TOKEN: "one-0123456789", STOPCOPY_TOKEN_FILE: empty }
  assert.deepStrictEqual(problems({}, both), ["STOPCOPY_TOKEN: and STOPCOPY_TOKEN_FILE are both given; leave one out"])
})

it("a token is not sent over a network in clear text", () => {
  const environment = { STOPCOPY_TOKEN: "secret-0123456789", STOPCOPY_COORDINATOR: "http://fleet.example:7700" }
  assert.include(problems({}, environment)[0], "http://fleet.example:7700 is not this machine")
  assert.strictEqual(
    good({}, { ...environment, STOPCOPY_COORDINATOR: "https://fleet.example" }).token,
    "secret-0123456789"
  )
})
