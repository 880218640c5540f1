/** Settings from the file, the environment and options: which one wins, and all mistakes at once. */
import { assert, it } from "@effect/vitest"
import { assertRight } from "@effect/vitest/utils"
import { problemLines } from "@stopcopy/service"
import { makeAuthority } from "@stopcopy/workbench"
import { Effect, Either } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { plan } from "../src/settings/plan.ts"
import { folder } from "./support/world.ts"

type Options = Parameters<typeof plan>[0]
type Environment = Parameters<typeof plan>[2]

const problems = (options: Options, config?: string, environment: Environment = {}): ReadonlyArray<string> =>
  Either.match(plan(options, config, environment), {
    onLeft: (found) => problemLines(found).split("\n"),
    onRight: () => []
  })

it("everything has a default that needs nothing", () => {
  assertRight(plan({}, undefined, { HOME: "/" }), {
    listen: { _tag: "Tcp", host: "127.0.0.1", port: 7700 },
    journal: "coordinator.db",
    tls: undefined,
    tokens: [],
    agents: { all: {}, own: new Map() },
    otlpUrl: undefined,
    logLevel: "info",
    graceSeconds: 5,
    bodyLimit: 256 * 1024,
    connections: 256,
    console: { _tag: "Usual" },
    historyDays: 30
  })
})

it.scopedLive("options win over the environment, and that over the file", () =>
  Effect.gen(function* () {
    const config = join(yield* folder, "coordinator.json")
    writeFileSync(config, JSON.stringify({ listen: "127.0.0.1:1", journal: "file.db", graceSeconds: 1, bodyKib: 8 }))
    const environment = { STOPCOPY_COORDINATOR_LISTEN: "127.0.0.1:2", STOPCOPY_COORDINATOR_JOURNAL: "environment.db" }
    const { bodyLimit, graceSeconds, journal, listen } = Either.getOrThrow(
      plan({ listen: "127.0.0.1:3" }, config, environment)
    )
    assert.deepStrictEqual([listen.port, journal, graceSeconds, bodyLimit], [3, "environment.db", 1, 8192])
    const named = Either.getOrThrow(plan({}, undefined, { STOPCOPY_COORDINATOR_CONFIG: config }))
    assert.strictEqual(named.journal, "file.db")
  })
)

it.scopedLive("all mistakes are named at once, each with where it stands and its remedy", () =>
  Effect.gen(function* () {
    const config = join(yield* folder, "coordinator.json")
    writeFileSync(config, JSON.stringify({ graceSeconds: -1 }))
    const found = problems({ listen: "nowhere", bodyKib: "much", journal: "" }, config, {
      STOPCOPY_COORDINATOR_LOG_LEVEL: "loud",
      STOPCOPY_COORDINATOR_OTLP_URL: "collector",
      STOPCOPY_COORDINATOR_COLOUR: "red"
    })
    assert.lengthOf(found, 7)
    assert.match(
      found[0] ?? "",
      /^STOPCOPY_COORDINATOR_COLOUR: there is no such setting; there are .*STOPCOPY_COORDINATOR_LISTEN/
    )
    const rest = problems({ listen: "nowhere", bodyKib: "much", journal: "" }, config, {
      STOPCOPY_COORDINATOR_LOG_LEVEL: "loud",
      STOPCOPY_COORDINATOR_OTLP_URL: "collector"
    })
    assert.lengthOf(rest, 6)
    for (const [index, pattern] of [
      /^--listen: no address: "nowhere"; write/,
      /^--journal: is empty; name a file, or leave it out$/,
      /^STOPCOPY_COORDINATOR_OTLP_URL: 'collector' is no URL; write that of a collector/,
      /^STOPCOPY_COORDINATOR_LOG_LEVEL: 'loud' is no level; use one of debug, info/,
      /coordinator\.json \.graceSeconds: '-1' is no whole number from 0 to 3600$/,
      /^--body-kib: 'much' is no whole number from 1 to 16384$/
    ].entries()) {
      assert.match(rest[index] ?? "", pattern)
    }
  })
)

it.scopedLive("files are looked at whatever else is wrong, and so is who reaches it", () =>
  Effect.gen(function* () {
    const nothing = join(yield* folder, "nothing")
    const given = {
      listen: "0.0.0.0:1",
      bodyKib: "much",
      readTokens: nothing,
      tlsKey: nothing,
      agentCa: "",
      journal: "mysql://a:b@c"
    }
    const found = problems(given)
    for (const [index, pattern] of [
      /^--journal: mysql:\/\/ is no journal; name a file, or postgres:\/\/host\/database$/,
      /^--agent-ca: is empty; name a file, or leave it out$/,
      /^--body-kib: 'much' is no whole number/,
      /^--tls-key .*nothing: cannot be read/,
      /^--tls-cert: is missing; TLS needs a certificate and its key/,
      /^--read-tokens .*nothing: cannot be read/,
      /^--listen 0\.0\.0\.0:1: others than this machine reach it, so it needs TLS \(--tls-cert, --tls-key\); give these/
    ].entries()) {
      assert.match(found[index] ?? "", pattern)
    }
    assert.lengthOf(found, 7)
    assert.notInclude(found.join("\n"), "a:b", "a password is not told")
    const database = { journal: "postgres://who@somewhere:5432/stopcopy" }
    assert.strictEqual(Either.getOrThrow(plan(database, undefined, {})).journal, database.journal)
  })
)

it.scopedLive("a file with what nobody knows, or of another form, is refused", () =>
  Effect.gen(function* () {
    const config = join(yield* folder, "coordinator.json")
    assert.match(problems({}, config)[0] ?? "", /^--config .*coordinator\.json: cannot be read/)
    writeFileSync(config, JSON.stringify({ lisen: "x", journal: ["a"] }))
    const found = problems({}, config).join("\n")
    assert.match(found, /coordinator\.json \.lisen: is unexpected/)
    assert.match(found, /coordinator\.json \.journal: Expected string/)
  })
)

it.scopedLive("tokens are lines of a file, with or without a name; what is none is refused", () =>
  Effect.gen(function* () {
    const file = join(yield* folder, "tokens")
    writeFileSync(file, "# operators\n\nada 0123456789abcdef\n  fedcba9876543210  \n")
    const { tokens } = Either.getOrThrow(plan({ operateTokens: file }, undefined, {}))
    assert.deepStrictEqual(tokens, [
      { role: "operate", name: "ada", secret: "0123456789abcdef" },
      { role: "operate", name: "tokens", secret: "fedcba9876543210" }
    ])
    writeFileSync(file, "short\none two three\n")
    const found = problems({ operateTokens: file, readTokens: join(file, "nothing") }).join("\n")
    assert.match(found, /--operate-tokens .* line 1: has a secret of 5 characters, and 16 are the fewest/)
    assert.match(found, /--operate-tokens .* line 2: has more than a name and a secret/)
    assert.match(found, /--read-tokens .*: cannot be read/)
    assert.notInclude(found, "short\n", "a secret is not told")
    writeFileSync(file, "\n")
    assert.match(problems({ readTokens: file })[0] ?? "", /has no token; put one on a line of its own/)
    assert.match(problems({ agentCa: file })[0] ?? "", /^--agent-ca .*: has no certificate; name a PEM file/)
    assert.match(problems({ agentToken: file })[0] ?? "", /is empty; put a secret into it/)
  })
)

it.scopedLive("an address that others reach needs TLS and tokens", () =>
  Effect.gen(function* () {
    const at = yield* folder
    const { cert, key } = yield* Effect.flatMap(makeAuthority, ({ issue }) => issue(["127.0.0.1"]))
    const [tokenFile, certFile, keyFile] = [join(at, "tokens"), join(at, "cert.pem"), join(at, "key.pem")]
    writeFileSync(tokenFile, "0123456789abcdef")
    writeFileSync(certFile, cert)
    writeFileSync(keyFile, key)
    const listen = "0.0.0.0:7700"
    assert.deepStrictEqual(problems({ listen }), [
      "--listen 0.0.0.0:7700: others than this machine reach it, so it needs TLS (--tls-cert, --tls-key) and tokens (--operate-tokens, --read-tokens); give these, or use 127.0.0.1"
    ])
    assert.match(problems({ listen, operateTokens: tokenFile })[0] ?? "", /needs TLS \(--tls-cert, --tls-key\); give/)
    const tls = { tlsCert: certFile, tlsKey: keyFile }
    assert.match(problems({ listen, ...tls })[0] ?? "", /needs tokens \(--operate-tokens, --read-tokens\); give/)
    assert.deepStrictEqual(problems({ listen, ...tls, readTokens: tokenFile }), [])
    assert.match(
      problems({ tlsCert: certFile })[0] ?? "",
      /^--tls-key: is missing; TLS needs a certificate and its key/
    )
    const mixed = problems({ tlsCert: keyFile, tlsKey: certFile })[0] ?? ""
    assert.match(mixed, /^--tls-cert .*key\.pem: is no certificate with the key of --tls-key/)
    assert.match(
      problems({ listen: "unix:/a.sock" })[0] ?? "",
      /is a UNIX socket, and the service listens on a TCP port/
    )
  })
)
