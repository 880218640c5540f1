/** `stopcopy start` as people run it: it comes up with a history, answers, ends with Ctrl-C, and goes on where it was. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { afterAll, assert, beforeAll, it, vi } from "@effect/vitest"
import { MigrationSummary } from "@stopcopy/coordinator-api"
import { Effect, Option, Schema } from "effect"
import type { ChildProcess } from "node:child_process"
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { dataOf } from "../../src/start/Data.ts"
import { invitation } from "../../src/start/Invitation.ts"
import { loopback, portOf, usualPort } from "../../src/start/Port.ts"
import { bundled, bundleMillis, bundleServicesBeside, type Program, type Run } from "../bundled.ts"
import { stopcopy } from "../operate/running.ts"
import { processes, untilGone } from "../world/processes.ts"

let program: Program
/** Where folders that go with the fleet are made. */
let temporary: string
beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), "stopcopy-test-"))
  vi.stubEnv("TMPDIR", temporary)
  program = await bundled()
  await bundleServicesBeside(program.folder)
}, 2 * bundleMillis)
afterAll(async () => {
  vi.unstubAllEnvs()
  await Promise.all([program.dispose(), rm(temporary, { recursive: true, force: true })])
})

/** A fleet that is there until `use` is done with its URL; then it is interrupted. */
const withFleet = async (args: ReadonlyArray<string>, use: (url: string) => Promise<void>): Promise<Run> => {
  let used: Promise<void> | undefined
  const act = (child: ChildProcess, output: string): void => {
    const url = /export STOPCOPY_COORDINATOR=(\S+)/.exec(output)?.[1] ?? ""
    used = use(url).finally(() => child.kill("SIGINT"))
  }
  const run = await program.whenSeen(["start", ...args], "Ctrl-C ends all of it.", act)
  assert.isDefined(used, run.stderr)
  await used
  return run
}

const decode = Schema.decodeSync(Schema.parseJson(MigrationSummary))

/** Guests with where their migrations ended, the oldest first. */
const history = async (url: string): Promise<ReadonlyArray<readonly [guest: string, phase: string]>> => {
  const { code, lines, message } = await stopcopy(["list", "--json", "--coordinator", url])
  assert.deepStrictEqual([code, message], [0, ""])
  return lines
    .map((line) => decode(line))
    .map(({ group, phase }) => [group, phase] as const)
    .toReversed()
}

const migrated = async (url: string, from: string, to: string): Promise<void> => {
  const { code, lines, message } = await stopcopy(["migrate", from, "--to", to, "--coordinator", url])
  assert.deepStrictEqual([code, message], [0, ""], lines.join("\n"))
}

/** It ended well, and nothing is left of it. */
const assertEnded = async ({ code, stderr, stdout }: Run): Promise<void> => {
  assert.deepStrictEqual([code, stderr], [0, ""])
  assert.match(stdout, /\nending: the coordinator, the guests, the emulators\n$/)
  assert.isFalse(stdout.includes("\u001b"))
  assert.strictEqual(processes(stdout).length, 3)
  await untilGone(processes(stdout))
  assert.deepStrictEqual(await readdir(temporary), [])
}

it("a fleet comes up with a history and answers; guests can be moved; Ctrl-C ends it, and the named folder stays", async () => {
  const data = join(program.folder, "data")
  const first = await withFleet(["--port", "0", "--data", data], async (url) => {
    for (const path of ["/docs", "/metrics", "/healthz", "/openapi.json", "/api/v1/events?follow=false&after=0"]) {
      assert.strictEqual((await fetch(`${url}${path}`)).status, 200, path)
    }
    assert.deepStrictEqual(await history(url), [
      ["vm-0", "completed"],
      ["vm-1", "completed"],
      ["vm-2", "cancelled"]
    ])
    await migrated(url, "alpha/a/vf3", "beta")
  })
  await assertEnded(first)
  assert.match(first.stdout, /journals +\S+data, which stays\n/)
  assert.match(first.stdout, /\n {2}stopcopy migrate alpha\/a\/vf2 --to beta +# a live migration\n/)
  assert.includeMembers(await readdir(data), ["alpha.db", "beta.db", "coordinator.db"])

  const again = await withFleet(["--port", "0", "--data", data], async (url) => {
    assert.deepStrictEqual((await history(url)).at(-1), ["vm-3", "completed"])
    await migrated(url, "beta/a/vf0", "alpha/a/vf0")
  })
  await assertEnded(again)
  assert.include(again.stdout, "\nthe fleet goes on where it was; its guests have booted anew\n")
}, 120_000)

it("a port that is in use is refused if it was asked for, and another one is taken if not", async () => {
  const failed = (text: string) => Effect.runPromise(Effect.flip(portOf(Option.some(text))))
  const server = createServer()
  const listen = (port: number) =>
    new Promise<void>((resolve) => server.once("error", () => resolve()).listen(port, loopback, () => resolve()))
  await listen(0)
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  const said = `port ${port} of 127.0.0.1 is in use: choose another one, or leave --port out`
  assert.include(await failed(String(port)), { _tag: "Negative", message: said })
  await new Promise((resolve) => server.close(resolve))
  assert.strictEqual(await Effect.runPromise(portOf(Option.some(String(port)))), port)
  // Somebody else may have it.
  await listen(usualPort)
  assert.strictEqual(await Effect.runPromise(portOf(Option.none())), 0)
  await new Promise((resolve) => server.close(resolve))
  for (const text of ["x", "-1", "65536", ""]) {
    const message = `--port '${text}' is no port: write a number from 0 to 65535; 0: one that is free`
    assert.include(await failed(text), { _tag: "Misuse", message })
  }
})

it("a folder of which some journals are there, or that is none, is misuse; nothing is started", async () => {
  const inside = (name: string): string => join(program.folder, name)
  await writeFile(inside("file"), "")
  await rm(inside("some"), { recursive: true, force: true })
  await Effect.runPromise(Effect.scoped(dataOf(Option.some(inside("some")))).pipe(Effect.provide(NodeContext.layer)))
  await writeFile(join(inside("some"), "beta.db"), "")
  const programs = ["--emulator", inside("file"), "--coordinator", inside("file")]
  for (const [folder, reason] of [
    [inside("file"), "is no folder: name another one"],
    [inside("some"), "has beta.db alone: name an empty folder, or one of an earlier start"]
  ] as const) {
    const { code, lines, message } = await stopcopy(["start", "--data", folder, ...programs])
    assert.deepStrictEqual([code, lines, message], [2, [], `--data ${folder} ${reason}`])
  }
  assert.deepStrictEqual(await readdir(temporary), [])
})

it("the console is named if it is there, and the commands are those of this program", () => {
  const options = {
    url: "http://127.0.0.1:7700",
    program: "node dist/stopcopy.mjs",
    data: { folder: "/tmp/x", stays: false },
    guests: [{ place: { host: "beta", device: "a/vf1" } }]
  }
  const lines = invitation({ ...options, hasConsole: true })
  assert.include(lines, "  console   http://127.0.0.1:7700/")
  assert.include(lines, "  journals  /tmp/x, gone when this ends; --data DIR keeps them")
  assert.include(lines, "  alias stopcopy='node dist/stopcopy.mjs'")
  assert.isTrue(lines.some((line) => line.startsWith("  stopcopy migrate beta/a/vf1 --to alpha ")))
  const other = invitation({ ...options, program: "stopcopy", hasConsole: false }).join("\n")
  assert.isFalse(other.includes("console") || other.includes("alias"))
})
