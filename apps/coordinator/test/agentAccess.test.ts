/** Agents with secrets and authorities of their own: what the file may say, whom a secret reaches, and where it never stands. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { assert, it } from "@effect/vitest"
import { fingerprintOf } from "@stopcopy/agent/server"
import { makeClient } from "@stopcopy/coordinator-api"
import { problemLines } from "@stopcopy/service"
import { makeAuthority } from "@stopcopy/workbench"
import { Effect, Either, Redacted } from "effect"
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { inspect } from "node:util"
import { accessAt } from "../src/settings/agentAccess.ts"
import { plan } from "../src/settings/plan.ts"
import { program } from "./support/program.ts"
import { send } from "./support/requests.ts"
import { folder, hasEnded, serveHost, starting, until } from "./support/world.ts"

const coordinator = program()

const secrets = { alpha: "secret-of-alpha-alone", beta: "secret-of-beta-alone", all: "secret-of-all-the-others" }

/** A host over TLS, with an authority and a secret of its own. */
const secured = (name: "alpha" | "beta") =>
  Effect.gen(function* () {
    const { ca, issue } = yield* makeAuthority
    const certificate = yield* issue(["127.0.0.1"])
    const address = { _tag: "Tcp", host: "127.0.0.1", port: 0, secure: true } as const
    const host = yield* serveHost({ name }, undefined, { address, certificate, token: secrets[name] })
    return { ...host, ca, fingerprint: Either.getOrThrow(fingerprintOf(certificate)) }
  })

/** The files of a journal as they are on the disk, and what else is given, as one text. */
const everything = (at: string, ...more: ReadonlyArray<string>): string =>
  [
    ...readdirSync(at, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && join(entry.parentPath, entry.name).startsWith(join(at, "journal")))
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1")),
    ...more
  ].join("\n")

it.scopedLive("each agent is sent its own secret, and none stands in an answer, the journal or the logs", () =>
  Effect.gen(function* () {
    const at = yield* folder
    const [alpha, beta] = [yield* secured("alpha"), yield* secured("beta")]
    for (const [name, secret] of Object.entries(secrets)) writeFileSync(join(at, `${name}.token`), `${secret}\n`)
    writeFileSync(join(at, "alpha.pem"), alpha.ca)
    const access = {
      [alpha.address]: { token: "alpha.token", ca: "alpha.pem" },
      [beta.address]: { token: "beta.token", fingerprint: beta.fingerprint }
    }
    writeFileSync(join(at, "access.json"), JSON.stringify(access))
    const running = yield* coordinator.serve([
      "--listen=127.0.0.1:0",
      `--journal=${join(at, "journal.db")}`,
      "--log-level=debug",
      `--agent-token=${join(at, "all.token")}`,
      `--agent-access=${join(at, "access.json")}`
    ])
    const url = running.said("api")
    const client = yield* Effect.provide(makeClient({ baseUrl: url }), FetchHttpClient.layer)
    for (const { address, name } of [alpha, beta]) {
      assert.strictEqual((yield* client.hosts.register({ payload: { name, address } })).health.state, "reachable")
    }
    const { id } = yield* client.migrations.start(starting("own secrets", { devices: ["pf0/vf0"] }))
    const { verdict } = yield* until({ client, url }, id, hasEnded)
    assert.deepInclude(verdict, { outcome: "completed" })
    // Somebody else's address is sent what is for all, and not what was meant for alpha, whatever it is called.
    const stranger = yield* Effect.flip(
      client.hosts.register({ payload: { name: "alpha", address: beta.address.replace("127.0.0.1", "localhost") } })
    )
    const paths = ["hosts", "hosts/alpha", "vfs", "migrations", `migrations/${id}`, "events?follow=false", "policy"]
    const answers = yield* Effect.forEach([...paths.map((path) => `/api/v1/${path}`), "/metrics", "/docs"], (path) =>
      Effect.map(send(url, { method: "GET", path }), ({ text }) => text)
    )
    const { stderr } = yield* running.kill("SIGTERM")
    const text = everything(at, ...answers, stderr, ...running.lines, inspect(stranger, { depth: 9 }))
    assert.include(text, alpha.address)
    for (const secret of Object.values(secrets)) assert.notInclude(text, secret)
  }).pipe(Effect.timeout("50 seconds"))
)

it.scopedLive("what is left out is as for all; a plan that is shown shows no secret", () =>
  Effect.gen(function* () {
    const at = yield* folder
    const { ca } = yield* makeAuthority
    for (const [name, secret] of Object.entries(secrets)) writeFileSync(join(at, name), secret)
    writeFileSync(join(at, "ca.pem"), ca)
    const fingerprint = "ab".repeat(32)
    writeFileSync(
      join(at, "access.json"),
      JSON.stringify({ "https://10.0.0.1:1": { fingerprint }, "unix:/run/beta.sock": { token: "beta" } })
    )
    const options = { agentToken: join(at, "all"), agentCa: join(at, "ca.pem"), agentAccess: join(at, "access.json") }
    const made = Either.getOrThrow(plan(options, undefined, {}))
    const seen = (path: string, host?: string) => {
      const address =
        host === undefined
          ? { _tag: "Unix" as const, path }
          : { _tag: "Tcp" as const, host, port: 1, secure: true as const }
      const { token, trust } = accessAt(made.agents, address)
      return [token === undefined ? undefined : Redacted.value(token), trust]
    }
    assert.deepStrictEqual(seen("", "10.0.0.1"), [secrets.all, { fingerprint }])
    assert.deepStrictEqual(seen("", "10.0.0.2"), [secrets.all, { ca: ca.trim() }])
    assert.deepStrictEqual(seen("/run/beta.sock"), [secrets.beta, { ca: ca.trim() }])
    const shown = `${inspect(made, { depth: 9 })} ${JSON.stringify(made)} ${JSON.stringify([...made.agents.own])}`
    for (const secret of Object.values(secrets)) assert.notInclude(shown, secret)
  })
)

it.scopedLive("all that is wrong with the file is named at once, and no secret with it", () =>
  Effect.gen(function* () {
    const at = yield* folder
    const file = join(at, "access.json")
    const wrong = (content: unknown): string => {
      writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content))
      return Either.match(plan({ agentAccess: file }, undefined, {}), {
        onLeft: problemLines,
        onRight: () => "nothing"
      })
    }
    writeFileSync(join(at, "two"), "two secrets-here")
    writeFileSync(join(at, "one"), "one-secret-here")
    const found = wrong({
      nowhere: {},
      "https://10.0.0.1:1": { token: "two", ca: "one", fingerprint: "AB" },
      "10.0.0.2:1": { token: "one" },
      "127.0.0.1:1": { token: "missing", fingerprint: "ab".repeat(32) },
      "http://127.0.0.1:1": {}
    }).split("\n")
    for (const [index, pattern] of [
      /access\.json \["nowhere"\]: no address: "nowhere"; write/,
      /\["https:\/\/10\.0\.0\.1:1"\]: has ca and fingerprint; give one of them/,
      /\["https:\/\/10\.0\.0\.1:1"\]\.token two: is more than one word of printable ASCII/,
      /\["https:\/\/10\.0\.0\.1:1"\]\.ca one: has no certificate/,
      /\["10\.0\.0\.2:1"\]: is another machine, and without TLS whoever is on the way reads the token/,
      /\["127\.0\.0\.1:1"\]: ca and fingerprint are for TLS/,
      /\["127\.0\.0\.1:1"\]\.token missing: cannot be read/,
      /\["http:\/\/127\.0\.0\.1:1"\]: stands twice/
    ].entries()) {
      assert.match(found[index] ?? "", pattern)
    }
    assert.lengthOf(found, 8)
    assert.notMatch(found.join("\n"), /secret-here|secrets-here/)
    assert.match(
      wrong({ "https://10.0.0.1:1": { fingerprint: "AB" } }),
      /fingerprint: 'AB' is not 64 hexadecimal digits/
    )
    assert.match(wrong({ "https://10.0.0.1:1": { secret: "x" } }), /access\.json .*secret.*: is unexpected/)
    assert.match(wrong("{"), /access\.json: is no JSON/)
    assert.match(
      Either.match(plan({ agentAccess: join(at, "gone") }, undefined, {}), { onLeft: problemLines, onRight: () => "" }),
      /^--agent-access .*gone: cannot be read/
    )
  })
)
