/** What is refused, and that nothing was begun: wrong options and files, a description that is not the journal's, places that are taken. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { folder, place, program } from "./support/program.ts"

const emulator = program()

/** Lines of standard error that are for people, without the name of the program. */
const said = (stderr: string): ReadonlyArray<string> =>
  stderr.split("\n").flatMap((line) => {
    const [, text] = /^stopcopy-emulator: (.*)$/.exec(line) ?? []
    return text === undefined ? [] : [text]
  })

describe("options", () => {
  it.scopedLive("every mistake is named at once with its value, and nothing is started", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const journal = join(path, "journal.db")
      const pfs = ["a=4xxx:40", "b=5xxx:2,color=red", "c=4xxx:2,services=sym;sms", "d=4xxx:2,services=sym", "d=4xxx:1"]
      const slas = ["d/vf1=dc:1:2", "e/vf0=sym:1:2"]
      const described = [...pfs.flatMap((pf) => ["--pf", pf]), ...slas.flatMap((sla) => ["--sla", sla])]
      const args = ["serve", ...described, "--journal", journal, "--agent", "nowhere"]
      const { code, stderr, stdout } = yield* emulator.run(args)
      assert.deepStrictEqual([code, stdout, existsSync(journal)], [2, "", false])
      const lines = said(stderr)
      const expected = [
        /^--pf a=4xxx:40\.vfs: a number of VFs is a whole number from 1 to 16, not 40$/,
        /^--pf b=5xxx:2,color=red: 'color=red' is not one of services=/,
        /^--pf b=5xxx:2,color=red\.type: a device type is 4xxx, 401xx, 402xx, not '5xxx'$/,
        /^--pf c=4xxx:2,services=sym;sms\.services: .*every service must be known.*sym;sms/,
        /^--pf d=4xxx:1: there is a PF d already; name each once$/,
        /^--pf d=4xxx:2,services=sym\.slas\[0\]: the PF does not serve dc but sym/,
        /^--sla e\/vf0=sym:1:2: no PF is called e; describe it with --pf$/,
        /^--socket-dir: is missing/,
        /^--agent: no address: "nowhere"/,
        /^nothing was started$/
      ]
      for (const pattern of expected)
        assert.isTrue(
          lines.some((line) => pattern.test(line)),
          `${pattern} in\n${stderr}`
        )
    })
  )

  const wrong: ReadonlyArray<readonly [args: ReadonlyArray<string>, text: RegExp]> = [
    [["serve", "--what"], /^there is no option '--what'$/],
    [["serve", "--journal"], /^--journal needs a value$/],
    [["serve", "--journal", "a", "--journal=b"], /^--journal is given 2 times: give it once$/],
    [["serve", "--journal="], /^--journal has an empty value/],
    [["serve", "more"], /^'more' is an argument too many; see stopcopy-emulator serve --help$/],
    [["dance"], /^there is no command 'dance', use one of serve, fault inject/],
    [["serve", "--log-level", "loud"], /^--log-level loud: is not one of debug, info, warning, error, none$/],
    [["fault", "inject", "explode"], /^explode: is no kind of fault; use one of delay, drop/],
    [["fault", "inject", "drop", "--nth", "0", "--agent", "127.0.0.1:1"], /^--nth: /],
    [["fault", "inject", "drop"], /--agent/],
    [["fault", "inject", "delay", "--agent", "127.0.0.1:1"], /^delay needs --millis/],
    [["fault", "inject", "fail", "--errno", "EWHAT", "--agent", "127.0.0.1:1"], /^--errno EWHAT: is no errno/]
  ]
  for (const [args, text] of wrong) {
    it.live(`${args.join(" ")}: exit code 2`, () =>
      Effect.gen(function* () {
        const { code, stderr } = yield* emulator.run(args)
        assert.strictEqual(code, 2)
        assert.isTrue(
          said(stderr).some((line) => text.test(line)),
          stderr
        )
      })
    )
  }

  it.live("help is text, and fails nothing", () =>
    Effect.gen(function* () {
      const { code, stdout } = yield* emulator.run(["serve", "--help"])
      assert.strictEqual(code, 0)
      assert.include(stdout, "--socket-dir")
      assert.notInclude(stdout, "\u001b")
    })
  )
})

describe("a file", () => {
  it.scopedLive("says everything; each mistake in it is named with its place", () =>
    Effect.gen(function* () {
      const here = yield* place
      const config = join(here.path, "emulator.json")
      const pf = { name: "a", type: "4xxx", vfs: 2, services: "sym;dc", capabilities: "0x5" }
      const slas = [{ vf: 0, service: "sym", cir: 100, pir: 900 }]
      const rest = { journal: here.journal, socketDir: here.sockets, agent: "127.0.0.1:0", host: "test" }
      const bad = {
        ...rest,
        pfs: [
          { ...pf, vfs: 0 },
          { name: "b b", type: "4xxx", vfs: 1, colour: 1 }
        ],
        port: 1
      }
      writeFileSync(config, JSON.stringify(bad))
      const form = yield* emulator.run(["serve", "--config", config])
      assert.strictEqual(form.code, 2)
      assert.include(form.stderr, `${config} .port: `)
      writeFileSync(config, JSON.stringify({ ...bad, port: undefined }))
      const refused = yield* emulator.run(["serve", "--config", config])
      assert.include(refused.stderr, `${config} .pfs[0].vfs: a number of VFs is a whole number from 1 to 16, not 0`)
      assert.include(refused.stderr, `${config} .pfs[1].name: a name has 1 to 48 letters`)
      assert.include(refused.stderr, `${config} .pfs[1].colour: `)
      assert.isFalse(existsSync(here.journal))
      writeFileSync(config, JSON.stringify({ ...rest, pfs: [{ ...pf, slas }] }))
      const running = yield* emulator.serve(["--config", config])
      assert.strictEqual((yield* running.kill("SIGTERM")).code, 0)
    })
  )

  it.scopedLive("that is not there, or is no JSON, is said so", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const absent = yield* emulator.run(["serve", "--config", join(path, "absent.json")])
      assert.strictEqual(absent.code, 2)
      assert.match(said(absent.stderr)[0] ?? "", /absent\.json: cannot be read/)
      writeFileSync(join(path, "bad.json"), "{")
      const bad = yield* emulator.run(["serve", "--config", join(path, "bad.json")])
      assert.match(said(bad.stderr)[0] ?? "", /bad\.json: is no JSON/)
    })
  )
})

describe("a journal", () => {
  it.scopedLive("that has other devices is not changed, and says which", () =>
    Effect.gen(function* () {
      const here = yield* place
      const first = yield* emulator.serve(["--pf", "a=4xxx:2,services=sym", "--pf", "b=4xxx:1", ...here.args])
      yield* first.kill("SIGTERM")
      const { code, stderr } = yield* emulator.run([
        "serve",
        "--pf",
        "a=401xx:3,services=dc,auto-reset=false",
        ...here.args
      ])
      assert.strictEqual(code, 2)
      const lines = said(stderr)
      assert.includeMembers(
        [...lines],
        [
          "PF b is recorded and not described: its guests would find no device",
          "PF a: VFs recorded 2, described 3",
          "PF a: automatic reset recorded true, described false",
          "PF a: PCI device id recorded 0x4940, described 0x4942",
          "PF a: ring-to-service map recorded 0x6db, described 0x492"
        ]
      )
      const same = ["--pf", "a=4xxx:2,services=sym", "--pf", "b=4xxx:1", "--pf", "c=4xxx:1"]
      const more = yield* emulator.serve([...same, ...here.args])
      assert.lengthOf(
        more.lines.filter((line) => line.startsWith("socket ")),
        4
      )
    })
  )

  it.scopedLive("that has nothing, where nothing is described, is refused", () =>
    Effect.gen(function* () {
      const here = yield* place
      const { code, stderr } = yield* emulator.run(["serve", ...here.args])
      assert.strictEqual(code, 2)
      assert.include(stderr, "there is nothing to host")
    })
  )

  it.scopedLive("that another emulator has is refused, and that one goes on", () =>
    Effect.gen(function* () {
      const here = yield* place
      const running = yield* emulator.serve(["--pf", "a=4xxx:1", ...here.args])
      const { code, stderr } = yield* emulator.run(["serve", ...here.args])
      assert.strictEqual(code, 1)
      assert.match(said(stderr)[0] ?? "", /in use by another opening/)
      assert.strictEqual((yield* running.kill("SIGTERM")).code, 0)
    })
  )
})

describe("a place", () => {
  it.scopedLive("a port that is in use: nothing is begun", () =>
    Effect.gen(function* () {
      const here = yield* place
      const server = createServer()
      yield* Effect.acquireRelease(
        Effect.async<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
        () => Effect.async<void>((resume) => void server.close(() => resume(Effect.void)))
      )
      const address = server.address()
      const port = typeof address === "object" ? address?.port : 0
      const args = ["--journal", here.journal, "--socket-dir", here.sockets, "--agent", `127.0.0.1:${port}`]
      const { code, stderr } = yield* emulator.run(["serve", "--pf", "a=4xxx:1", ...args])
      assert.strictEqual(code, 1)
      assert.match(said(stderr)[0] ?? "", /the port is in use/)
      const empty = yield* emulator.run(["serve", ...here.args])
      assert.include(empty.stderr, "there is nothing to host")
    })
  )

  it.scopedLive("an agent that others reach needs a token and TLS, and one on a socket a folder", () =>
    Effect.gen(function* () {
      const here = yield* place
      const args = ["serve", "--pf", "a=4xxx:1", "--journal", here.journal, "--socket-dir", here.sockets]
      const cases: ReadonlyArray<readonly [agent: string, code: number, text: RegExp]> = [
        [
          "0.0.0.0:0",
          2,
          /^--agent 0\.0\.0\.0:0: others than this machine reach it, and there is no token; give --agent-tok/
        ],
        [`unix:${here.path}/absent/a.sock`, 1, /: there is no folder .*absent; make it, or name another one$/],
        [`unix:${here.path}/letter`, 1, /: there is a file that is no socket; name another path/],
        [`unix:${here.path}/${"x".repeat(120)}`, 1, /: the path has [0-9]+ bytes, a socket's at most 107; shorten it$/]
      ]
      writeFileSync(join(here.path, "letter"), "dear")
      for (const [agent, code, text] of cases) {
        const ended = yield* emulator.run([...args, "--agent", agent])
        assert.strictEqual(ended.code, code, ended.stderr)
        assert.match(said(ended.stderr)[0] ?? "", text)
        assert.deepStrictEqual(readdirSync(here.path), ["letter"], agent)
      }
    })
  )

  it.scopedLive("a socket that another emulator serves: the journal is not made, and that one goes on", () =>
    Effect.gen(function* () {
      const here = yield* place
      const running = yield* emulator.serve(["--pf", "a=4xxx:2", ...here.args])
      const journal = join(here.path, "other.db")
      const args = ["--journal", journal, "--socket-dir", here.sockets, "--agent", "127.0.0.1:0"]
      const { code, stderr } = yield* emulator.run(["serve", "--pf", "a=4xxx:1", ...args])
      assert.strictEqual(code, 1)
      assert.match(said(stderr)[0] ?? "", /^cannot serve at unix:.*vf0\.sock: another process listens there; end it/)
      assert.isFalse(existsSync(journal))
      assert.strictEqual((yield* running.kill("SIGTERM")).code, 0)
    })
  )

  it.scopedLive("a file where the folder of sockets is to be", () =>
    Effect.gen(function* () {
      const here = yield* place
      writeFileSync(here.sockets, "")
      const { code, stderr } = yield* emulator.run(["serve", "--pf", "a=4xxx:1", ...here.args])
      assert.strictEqual(code, 1)
      assert.match(said(stderr)[0] ?? "", /cannot hold sockets: it is no folder, or lies in what is none; name another/)
      assert.isFalse(existsSync(here.journal))
    })
  )

  it.scopedLive("a folder in which others may replace sockets is refused", () =>
    Effect.gen(function* () {
      const here = yield* place
      mkdirSync(here.sockets, { mode: 0o700 })
      mkdirSync(join(here.sockets, "a"))
      chmodSync(join(here.sockets, "a"), 0o777)
      const { code, stderr } = yield* emulator.run(["serve", "--pf", "a=4xxx:1", ...here.args])
      assert.strictEqual(code, 1)
      assert.match(said(stderr)[0] ?? "", /others may replace files in it \(mode 777\)/)
    })
  )
})
