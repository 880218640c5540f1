/** Listening: with and without TLS, on ports that can and cannot be had, and until the end. */
import { HttpServerResponse } from "@effect/platform"
import { assert, it } from "@effect/vitest"
import { listen, type ListenOptions } from "@stopcopy/service/listen"
import { makeAuthority } from "@stopcopy/workbench"
import { Deferred, Effect, Exit, Fiber, FiberId, Scope } from "effect"
import { Agent, request } from "node:https"
import { connect } from "node:net"

const options: ListenOptions = {
  host: "127.0.0.1",
  port: 0,
  tls: undefined,
  connections: 8,
  requestMillis: 5000,
  grace: "50 millis"
}

const certificate = Effect.flatMap(makeAuthority, ({ ca, issue }) =>
  Effect.map(issue(["127.0.0.1"]), (issued) => ({ ca, ...issued }))
)

const overTls = (port: number, ca: string, agent: Agent | false = false): Effect.Effect<string, Error> =>
  Effect.async((resume) => {
    const call = request({ host: "127.0.0.1", port, ca, agent }, (response) => {
      let text = ""
      response.on("data", (data: Buffer) => (text += data.toString()))
      response.on("end", () => resume(Effect.succeed(text)))
    })
    call.on("error", (error) => resume(Effect.fail(error)))
    call.end()
  })

const fetched = (port: number) => Effect.tryPromise(() => fetch(`http://127.0.0.1:${port}/`).then((one) => one.text()))

it.scopedLive("a certificate makes it HTTPS", () =>
  Effect.gen(function* () {
    const { ca, ...tls } = yield* certificate
    const { closing, http, port } = yield* listen({ ...options, tls })
    yield* http.serve(Effect.succeed(HttpServerResponse.text("safe")))
    yield* Effect.addFinalizer(() => closing)
    assert.strictEqual(yield* overTls(port, ca), "safe")
    assert.isTrue(Exit.isFailure(yield* Effect.exit(fetched(port))), "plain HTTP is not answered")
  })
)

it.scopedLive("a port that is taken, and a certificate that is none, are refused in words", () =>
  Effect.gen(function* () {
    const { port } = yield* listen(options)
    const taken = yield* Effect.flip(listen({ ...options, port }))
    assert.strictEqual(
      taken.message,
      `cannot listen on 127.0.0.1:${port}: the port is in use; name another one, or 0 for one that is free`
    )
    const { key } = yield* certificate
    const broken = yield* Effect.flip(listen({ ...options, tls: { cert: "x", key } }))
    assert.match(broken.message, /^cannot listen on 127\.0\.0\.1:0: .*PEM/i)
  })
)

it.scopedLive("at the end answers go out for the length of the grace, then connections are cut", () =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const { closing, http, port } = yield* Scope.extend(listen(options), scope)
    const reached = yield* Deferred.make<void>()
    const hang = Effect.zipRight(Deferred.succeed(reached, undefined), Effect.never)
    yield* Scope.extend(http.serve(hang), scope)
    yield* Scope.addFinalizer(scope, closing)
    const call = yield* Effect.fork(Effect.exit(fetched(port)))
    yield* Deferred.await(reached)
    yield* Scope.close(scope, Exit.void)
    assert.isTrue(Exit.isFailure(yield* Fiber.join(call)))
    assert.isTrue(Exit.isFailure(yield* Effect.exit(fetched(port))), "nobody listens any more")
  }).pipe(Effect.timeout("10 seconds"))
)

/** A connection on which nothing is asked; tells of its end. */
const idle = (port: number) =>
  Effect.async<Deferred.Deferred<void>>((resume) => {
    const ended = Deferred.unsafeMake<void>(FiberId.none)
    const socket = connect(port, "127.0.0.1", () => resume(Effect.succeed(ended)))
    socket.resume()
    socket.on("close", () => Deferred.unsafeDone(ended, Effect.void))
  })

it.scopedLive("who connects when the end has begun is let go, and not waited for", () =>
  Effect.gen(function* () {
    const { closing, port } = yield* listen({ ...options, grace: "1 hour" })
    yield* closing
    yield* Deferred.await(yield* idle(port))
  }).pipe(Effect.timeout("10 seconds"))
)

for (const protocol of ["http", "https"] as const) {
  it.scopedLive(`over ${protocol} the end waits for answers, and for no connection without one`, () =>
    Effect.gen(function* () {
      const { ca, ...tls } = yield* certificate
      const scope = yield* Scope.make()
      const grace = "1 hour"
      const listening = listen({ ...options, grace, tls: protocol === "https" ? tls : undefined })
      const { closing, http, port } = yield* Scope.extend(listening, scope)
      const [reached, answer] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const answered = Effect.zipRight(Deferred.succeed(reached, undefined), Deferred.await(answer))
      yield* Scope.extend(http.serve(Effect.as(answered, HttpServerResponse.text("late"))), scope)
      yield* Scope.addFinalizer(scope, closing)
      // Nobody has said a word on it: with TLS it is cut, without it ends at once.
      const silent = protocol === "http" ? yield* idle(port) : undefined
      const agent = new Agent({ keepAlive: true })
      const asked = protocol === "https" ? overTls(port, ca, agent) : fetched(port)
      const call = yield* Effect.fork(asked)
      yield* Deferred.await(reached)
      const end = yield* Effect.fork(Scope.close(scope, Exit.void))
      if (silent !== undefined) yield* Deferred.await(silent)
      yield* Deferred.succeed(answer, undefined)
      assert.strictEqual(yield* Fiber.join(call), "late")
      yield* Fiber.join(end)
      agent.destroy()
    }).pipe(Effect.timeout("10 seconds"))
  )
}
