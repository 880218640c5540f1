/** How an agent is served and called, from options and files: what is right, and every mistake with its value and its remedy. */
import { assert, describe, it } from "@effect/vitest"
import { makeAuthority } from "@stopcopy/workbench"
import { Effect, Either } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { callingOf, servingOf } from "@stopcopy/agent/options"
import { problemLines } from "@stopcopy/service"
import { folder, place, program } from "../support/program.ts"

const emulator = program()

/** Files of a certificate for 127.0.0.1, of its authority, and of a token. */
const files = Effect.gen(function* () {
  const path = yield* folder
  const authority = yield* makeAuthority
  const { cert, key } = yield* authority.issue(["127.0.0.1"])
  const texts = { ca: authority.ca, cert, key, token: "secret\n", two: "two words", empty: " \n" }
  const write = (name: keyof typeof texts) => {
    const file = join(path, name)
    writeFileSync(file, texts[name])
    return file
  }
  return {
    ca: write("ca"),
    cert: write("cert"),
    key: write("key"),
    token: write("token"),
    two: write("two"),
    empty: write("empty")
  }
})

const textOf = (read: Either.Either<unknown, Parameters<typeof problemLines>[0]>): string =>
  Either.match(read, { onLeft: problemLines, onRight: () => "nothing is wrong" })

describe("served", () => {
  const plain = { tokenFile: undefined, certificate: { cert: undefined, key: undefined }, insecure: false }

  it.scoped("what is refused names options, and what to do", () =>
    Effect.gen(function* () {
      const { ca, cert, empty, key, token, two } = yield* files
      const pair = { cert, key }
      const wrong: ReadonlyArray<readonly [Partial<Parameters<typeof servingOf>[0]>, RegExp]> = [
        [
          { agent: "h:1" },
          /^--agent h:1: .* there is no token; give --agent-token-file.*\n--agent h:1: .*--agent-insecure$/
        ],
        [{ agent: "h:1", tokenFile: token }, /^--agent h:1: .*give --agent-tls-cert and --agent-tls-key, use 127/],
        [{ agent: "https://h:1", tokenFile: token }, /needs --agent-tls-cert and --agent-tls-key; give both/],
        [{ agent: "unix:/a", certificate: pair }, /^--agent unix:\/a: a UNIX socket has no TLS/],
        [
          { agent: "1", certificate: { cert, key: undefined } },
          /^--agent-tls-cert .*cert: needs --agent-tls-key beside it$/
        ],
        [
          { agent: "1", certificate: { cert: undefined, key } },
          /^--agent-tls-key .*key: needs --agent-tls-cert beside it$/
        ],
        [
          { agent: "1", certificate: { cert: ca, key } },
          /^--agent-tls-cert .*ca --agent-tls-key .*key: cannot be used \(.*mismatch\)/
        ],
        [{ agent: "1", certificate: { cert: "/absent", key } }, /^--agent-tls-cert \/absent: cannot be read/],
        [{ agent: "1", tokenFile: two }, /^--agent-token-file .*two: has more than one word/],
        [{ agent: "1", tokenFile: empty }, /^--agent-token-file .*empty: is empty; put a secret into it$/]
      ]
      for (const [options, text] of wrong) assert.match(textOf(servingOf({ agent: "", ...plain, ...options })), text)
      const right: ReadonlyArray<Partial<Parameters<typeof servingOf>[0]>> = [
        { agent: "1" },
        { agent: "unix:/a" },
        { agent: "h:1", tokenFile: token, insecure: true },
        { agent: "h:1", tokenFile: token, certificate: pair },
        { agent: "https://h:1", tokenFile: token, certificate: pair }
      ]
      for (const options of right) assert.isTrue(Either.isRight(servingOf({ agent: "", ...plain, ...options })))
    })
  )
})

describe("called", () => {
  const plain = { tokenFile: undefined, ca: undefined, fingerprint: undefined, insecure: false }
  const digits = "ab".repeat(32)

  it.scoped("what is refused names options, and what to do", () =>
    Effect.gen(function* () {
      const { ca, key } = yield* files
      const wrong: ReadonlyArray<readonly [Partial<Parameters<typeof callingOf>[0]>, RegExp]> = [
        [{ ca: key }, /^--agent-ca .*key: has no certificate; name a PEM file with one$/],
        [{ ca: "/absent" }, /^--agent-ca \/absent: cannot be read/],
        [{ fingerprint: "abc" }, /^--agent-fingerprint abc: is not 64 hexadecimal digits/],
        [{ ca, fingerprint: digits }, /stands beside --agent-ca; give one of them$/],
        [{ ca, agent: "h:1" }, /^--agent h:1: --agent-ca and --agent-fingerprint are for TLS; write https/]
      ]
      for (const [options, text] of wrong)
        assert.match(textOf(callingOf({ agent: "https://h:1", ...plain, ...options })), text)
      for (const options of [{}, { ca }, { fingerprint: digits }])
        assert.isTrue(Either.isRight(callingOf({ agent: "https://h:1", ...plain, ...options })))
    })
  )
})

it.scopedLive(
  "an emulator with a certificate is called by who knows its authority or its fingerprint, and by no other",
  () =>
    Effect.gen(function* () {
      const { ca, cert, key, token } = yield* files
      const here = yield* place
      const access = ["--agent-token-file", token, "--agent-tls-cert", cert, "--agent-tls-key", key]
      const running = yield* emulator.serve(["--pf", "a=4xxx:1", ...here.args, ...access])
      assert.match(running.agent, /^https:\/\/127\.0\.0\.1:[0-9]+$/)
      const [, fingerprint = ""] = yield* running.until(
        ({ logs }) => /fingerprint ([0-9A-F:]{95})/.exec(logs) ?? undefined
      )
      const call = (...rest: ReadonlyArray<string>) =>
        emulator.run(["fault", "list", "--agent", running.agent, "--agent-token-file", token, ...rest])
      for (const trust of [
        ["--agent-ca", ca],
        ["--agent-fingerprint", fingerprint]
      ])
        assert.deepInclude(yield* call(...trust), { code: 0, stderr: "" })
      const distrusting = yield* call()
      assert.strictEqual(distrusting.code, 1)
      assert.match(
        distrusting.stderr,
        /^stopcopy-emulator: ListFaults: https:.* is not trusted: unable to .*; name its authority/
      )
      const exposed = yield* emulator.run(["fault", "list", "--agent", "192.0.2.1:1", "--agent-token-file", token])
      assert.strictEqual(exposed.code, 2)
      assert.match(
        exposed.stderr,
        /reads the token; use https:\/\/, or say that it may be insecure \(--agent-insecure\)$/m
      )
    })
)
