/** The server: what it answers beside the calls, what it refuses, how it starts and stops. */
import { assert, describe, it } from "@effect/vitest"
import { contractHeader, contractVersion, type DeviceChange, Host } from "@stopcopy/agent"
import {
  answerLimit,
  CannotServe,
  checkServing,
  defaultBodyLimit,
  serve,
  type ServeOptions
} from "@stopcopy/agent/server"
import { type Address, makeClient } from "@stopcopy/agent/client"
import { makeMemoryHost } from "@stopcopy/agent/testing"
import { Effect, Exit, Queue, Scope, Stream } from "effect"
import { existsSync, linkSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs"
import { type IncomingMessage, request } from "node:http"
import { connect, createServer } from "node:net"
import { join } from "node:path"
import { born, folder, serveHost, vf } from "./support.ts"

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage["headers"]
  readonly body: string
}

interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

/** A plain HTTP request, as any tool makes it. */
const ask = (address: Address, path: string, { body, headers = {}, method = "GET" }: Asked = {}) =>
  Effect.async<Answer>((resume) => {
    const where = address._tag === "Unix" ? { socketPath: address.path } : { host: address.host, port: address.port }
    const asked = request({ ...where, path, method, headers, agent: false }, (response) => {
      let text = ""
      response.on("data", (part: Buffer) => (text += part.toString()))
      response.on("end", () =>
        resume(Effect.succeed({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
      )
    })
    asked.on("error", (error) => resume(Effect.die(error)))
    asked.end(body)
  })

const post = (address: Address, body: string | Uint8Array, headers: Asked["headers"] = {}) =>
  ask(address, "/rpc", { method: "POST", body, headers })

describe("beside the calls", () => {
  it.scopedLive("the health says who answers and with which contract", () =>
    Effect.gen(function* () {
      const { address } = yield* serveHost({ name: "alpha" }, { token: "secret" })
      const { body, headers, status } = yield* ask(address, "/healthz")
      assert.strictEqual(status, 200)
      assert.deepStrictEqual(JSON.parse(body), { status: "ok", host: "alpha", contract: contractVersion })
      assert.strictEqual(headers[contractHeader], String(contractVersion))
      const kept = yield* ask(address, "/healthz", { headers: { connection: "keep-alive" } })
      assert.strictEqual(kept.headers["keep-alive"], "timeout=75", "who calls again need not connect again")
    })
  )

  it.scopedLive("the metrics have every call with its outcome", () =>
    Effect.gen(function* () {
      const { address, agent } = yield* serveHost({ name: "alpha" })
      yield* agent.getState({ device: vf })
      yield* Effect.flip(agent.getState({ device: "nobody" }))
      const { body, headers } = yield* ask(address, "/metrics")
      assert.include(headers["content-type"], "text/plain; version=0.0.4")
      assert.match(body, /^# TYPE stopcopy_agent_calls_total counter$/m)
      assert.match(body, /^stopcopy_agent_calls_total\{.*call="GetState".*\} [1-9]/m)
      assert.match(body, /^stopcopy_agent_calls_total\{.*outcome="NoSuchDevice".*\} [1-9]/m)
      assert.match(body, /^stopcopy_agent_call_seconds_bucket\{call="GetState",le="\+Inf"\} [1-9]/m)
    })
  )

  it.scopedLive("everything else is refused in words", () =>
    Effect.gen(function* () {
      const { address } = yield* serveHost({ name: "alpha" })
      const answers = yield* Effect.all([
        ask(address, "/"),
        ask(address, "/rpc"),
        ask(address, "/metrics", { method: "PUT" }),
        ask(address, "/healthz", { method: "POST" })
      ])
      assert.deepStrictEqual(
        answers.map(({ status }) => status),
        [404, 405, 405, 405]
      )
      assert.deepStrictEqual(
        answers.map(({ headers }) => headers["allow"]),
        [undefined, "POST", "GET", "GET"]
      )
      assert.include(answers[0]?.body, "there are /rpc, /healthz and /metrics")
    })
  )
})

describe("hostile and wrong requests", () => {
  it.scopedLive("what is no call is 400, and names what is wrong", () =>
    Effect.gen(function* () {
      const { address, agent } = yield* serveHost({ name: "alpha" })
      const one = `${JSON.stringify({ _tag: "Request", id: "1", tag: "Describe", headers: [] })}\n`
      assert.strictEqual((yield* post(address, one)).status, 200)
      const bodies = ["", "\n", "{", "[]\n", '{"_tag":"Ping"}\n', '{"_tag":"Request","id":1}\n', "null\n", one + one]
      for (const body of bodies) {
        const answer = yield* post(address, body)
        assert.strictEqual(answer.status, 400, body)
        assert.include(answer.body, "not a call of the contract")
      }
      assert.strictEqual((yield* post(address, Buffer.from([0xff, 0xfe, 10]))).status, 400)
      assert.strictEqual((yield* agent.describe).host, "alpha")
    })
  )

  it.scopedLive("an unknown call, and one with wrong values, are answered and change nothing", () =>
    Effect.gen(function* () {
      const { address, device } = yield* serveHost({ name: "alpha" })
      const call = (tag: string, payload: unknown) =>
        post(address, `${JSON.stringify({ _tag: "Request", id: "1", tag, payload, headers: [] })}\n`)
      assert.include((yield* call("Explode", {})).body, "Unknown request tag: Explode")
      const wrong = yield* call("SetState", { device: vf, epoch: born, to: "FLYING" })
      assert.include(wrong.body, "FLYING")
      assert.include((yield* call("Save", { device: vf })).body, "is missing")
      assert.include((yield* call("__proto__", {})).body, "Unknown request tag")
      const long = { device: vf, migration: "m".repeat(257) }
      assert.include((yield* call("GetState", long)).body, "at most 256 character(s) long")
      assert.strictEqual(yield* device.getState, "RUNNING")
    })
  )

  it.scopedLive("a body past the limit is 413, whether it says its length or not", () =>
    Effect.gen(function* () {
      const { address } = yield* serveHost({ name: "alpha" }, { bodyLimit: 1000 })
      const long = "x".repeat(1001)
      for (const headers of [{ "content-length": "1001" }, { "transfer-encoding": "chunked" }]) {
        const answer = yield* post(address, long, headers)
        assert.strictEqual(answer.status, 413)
        assert.include(answer.body, "more than 1000 bytes")
      }
      assert.isAbove(defaultBodyLimit, 1024 * 1024)
    })
  )

  it.scopedLive("without the token there are no calls and no metrics", () =>
    Effect.gen(function* () {
      const { address, agent } = yield* serveHost({ name: "alpha" }, { token: "secret" })
      assert.strictEqual((yield* agent.describe).host, "alpha")
      for (const token of [undefined, "", "wrong", "secret2"]) {
        const client = yield* makeClient({ address, ...(token === undefined ? {} : { token }) })
        const error = yield* Effect.flip(client.describe)
        assert.include(error, { _tag: "CallRefused", status: 401, reason: "send the token of this host as Bearer" })
      }
      assert.strictEqual((yield* ask(address, "/metrics")).status, 401)
    })
  )

  it.scopedLive("a call of another contract is refused before it is read", () =>
    Effect.gen(function* () {
      const { address } = yield* serveHost({ name: "alpha" })
      const answer = yield* post(address, "{", { [contractHeader]: "99" })
      assert.strictEqual(answer.status, 409)
      assert.include(answer.body, `this host has version ${contractVersion} of the contract and the call has 99`)
    })
  )
})

const memory = Effect.map(makeMemoryHost({ name: "alpha" }), ({ host }) => host)
const serveAt = (address: Address, options: Partial<ServeOptions> = {}) =>
  Effect.flatMap(memory, (host) =>
    Effect.provideService(serve({ address, grace: "50 millis", ...options }), Host, host)
  )

describe("addresses", () => {
  it.scopedLive("a TCP port is chosen, and answers", () =>
    Effect.gen(function* () {
      const address = yield* serveAt({ _tag: "Tcp", host: "127.0.0.1", port: 0 })
      assert.isTrue(address._tag === "Tcp" && address.port > 0)
      const agent = yield* makeClient({ address })
      assert.strictEqual((yield* agent.describe).host, "alpha")
      const again = yield* Effect.flip(serveAt(address))
      assert.include(again.message, "the port is in use")
    })
  )

  it.scopedLive("nobody from outside is served without a token", () =>
    Effect.gen(function* () {
      const address = { _tag: "Tcp", host: "0.0.0.0", port: 0 } as const
      const error = yield* Effect.flip(serveAt(address))
      assert.instanceOf(error, CannotServe)
      assert.include(error.message, "there is no token")
      assert.strictEqual((yield* serveAt(address, { token: "secret", insecure: true }))._tag, "Tcp")
    })
  )

  it.scopedLive(
    "a socket is its owner's; one that is served is left alone; one left over is replaced; other files are not",
    () =>
      Effect.gen(function* () {
        const path = join(yield* folder, "agent.sock")
        const address = { _tag: "Unix", path } as const
        yield* Effect.scoped(
          Effect.gen(function* () {
            yield* serveAt(address)
            assert.strictEqual(statSync(path).mode & 0o777, 0o600)
            const connected = sockets()
            assert.include((yield* Effect.flip(serveAt(address))).message, "another process listens there")
            // Whoever looked has let go: a process that is refused can end.
            while (sockets() > connected) yield* Effect.yieldNow()
          })
        )
        assert.isFalse(existsSync(path))
        yield* leaveBehind(path)
        assert.isTrue(existsSync(path))
        yield* Effect.scoped(serveAt(address))
        writeFileSync(path, "a letter")
        assert.include((yield* Effect.flip(serveAt(address))).message, "a file that is no socket")
        assert.strictEqual(readFileSync(path, "utf8"), "a letter")
        const nowhere = yield* Effect.flip(serveAt({ _tag: "Unix", path: join(path, "x") }))
        assert.include(nowhere.message, "cannot serve at unix:")
      })
  )
})

/** How many connections keep this process from ending. */
const sockets = () => process.getActiveResourcesInfo().filter((name) => name === "PipeWrap").length

/** A socket file whose listener is gone, as after SIGKILL. */
const leaveBehind = (path: string) =>
  Effect.async<void>((resume) => {
    const server = createServer()
    server.listen(path, () => {
      const spare = `${path}.kept`
      linkSync(path, spare)
      server.close(() => {
        renameSync(spare, path)
        resume(Effect.void)
      })
    })
  })

it.scopedLive("whether an address can be had is known at once, also where somebody connects meanwhile", () =>
  Effect.gen(function* () {
    const path = join(yield* folder, "agent.sock")
    let [met, isOver] = [0, false]
    const knock = (): void => {
      if (isOver) return
      const socket = connect(path, () => met++)
      socket.on("error", () => undefined)
      socket.once("close", () => setImmediate(knock))
    }
    knock()
    yield* Effect.addFinalizer(() => Effect.sync(() => (isOver = true)))
    const check = checkServing({ address: { _tag: "Unix", path } })
    yield* Effect.repeat(check, { until: () => met > 0 })
    assert.isAbove(met, 0)
    assert.isFalse(existsSync(path))
  }).pipe(Effect.timeout("10 seconds"))
)

describe("the end of the service", () => {
  it.scopedLive("streams end and say why; nobody answers afterwards", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const path = join(yield* folder, "agent.sock")
      const address = yield* Scope.extend(serveAt({ _tag: "Unix", path }), scope)
      const agent = yield* makeClient({ address })
      const watching = yield* agent.watch({ devices: [vf] }).pipe(
        Stream.tap(() => Effect.forkDaemon(Scope.close(scope, Exit.void))),
        Stream.runDrain,
        Effect.flip
      )
      assert.include(watching, { _tag: "AgentUnreachable", call: "Watch" })
      yield* Scope.close(scope, Exit.void)
      const error = yield* Effect.flip(agent.describe)
      assert.include(error, { _tag: "AgentUnreachable", call: "Describe" })
      assert.include(error.message, "is the host running there?")
    })
  )

  it.scopedLive("a watcher that does not read holds the host's queue back, and is cut after the grace", () =>
    Effect.gen(function* () {
      const { host } = yield* makeMemoryHost({ name: "alpha" })
      const queue = yield* Queue.bounded<DeviceChange>(1)
      const change = (yield* host.device(vf)).facts
      let taken = 0
      const produce = Queue.offer(queue, { ...still, name: change.name, digest: "x".repeat(10_000) }).pipe(
        Effect.tap(() => Effect.sync(() => taken++)),
        Effect.repeatN(changes - 1)
      )
      const scope = yield* Scope.make()
      const path = join(yield* folder, "agent.sock")
      yield* serve({ address: { _tag: "Unix", path }, grace: "50 millis" }).pipe(
        Effect.provideService(Host, { ...host, watch: Effect.succeed(queue) }),
        Scope.extend(scope)
      )
      const socket = yield* Effect.acquireRelease(
        Effect.sync(() => connect(path)),
        (open) => Effect.sync(() => open.destroy())
      )
      const body = `${JSON.stringify({ _tag: "Request", id: "1", tag: "Watch", payload: { devices: [] }, headers: [] })}\n`
      socket.write(`POST /rpc HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
      yield* Effect.forkDaemon(produce)
      yield* untilQuiet(() => taken)
      assert.isAbove(taken, answerLimit)
      assert.isBelow(taken, changes / 4)
      yield* Scope.close(scope, Exit.void)
      assert.isFalse(existsSync(path))
    })
  )
})

/** 10 kB each: 40 MB if they were all taken. */
const changes = 4000
const still = {
  state: "RUNNING",
  lifecycle: "open",
  attached: false,
  epoch: 0,
  standing: "held"
} as const

/** Ends when a number has grown and then stood still for many turns of the event loop. */
const untilQuiet = (read: () => number) =>
  Effect.async<void>((resume) => {
    let before = 0
    let turns = 0
    const look = () => {
      turns = read() === before ? turns + 1 : 0
      before = read()
      if (before > 0 && turns > 2000) resume(Effect.void)
      else setImmediate(look)
    }
    look()
  })
