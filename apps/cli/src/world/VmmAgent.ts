/**
 * The way of a coordinator to the agent of an emulator, by way of the VMM of its guests: every call goes on unread, but around each change of state the VMM
 * does its part, which the emulator cannot do. So a device is not stopped before its guest stands still, and does not run before its guest is attached.
 * HTTP on UNIX sockets, as `packages/agent/README.md` describes it ("On the wire").
 */
import { contractHeader, contractVersion } from "@stopcopy/agent"
import { MigrationState } from "@stopcopy/vfio"
import { Data, Effect, Option, Runtime, Schema, type Scope } from "effect"
import { type IncomingMessage, createServer, request as httpRequest, type ServerResponse } from "node:http"

/** A change of state that a coordinator asks for. */
export interface StateChange {
  readonly host: string
  readonly device: string
  readonly to: MigrationState
  /** The attempt that it belongs to; none: it belongs to no migration. */
  readonly migration: string | undefined
}

/** What a VMM does around it. A failure is the answer of the call: the device is then left as it is. */
export interface AroundChange {
  readonly before: (change: StateChange) => Effect.Effect<void, { readonly message: string }>
  /** It was done. */
  readonly after: (change: StateChange) => Effect.Effect<void, { readonly message: string }>
}

interface VmmAgentOptions {
  readonly host: string
  /** Where the coordinator calls, and where the emulator's agent answers: paths of UNIX sockets. */
  readonly path: string
  readonly emulator: string
  readonly around: AroundChange
}

/** Nobody can listen there. */
class CannotRelay extends Data.TaggedError("CannotRelay")<{ readonly message: string }> {}

const Call = Schema.parseJson(
  Schema.Struct({
    tag: Schema.Literal("SetState"),
    payload: Schema.Struct({
      device: Schema.String,
      to: MigrationState,
      migration: Schema.optional(Schema.String)
    })
  })
)
const Done = Schema.parseJson(Schema.Struct({ exit: Schema.Struct({ _tag: Schema.Literal("Success") }) }))
const decodeCall = Schema.decodeOption(Call)
const decodeDone = Schema.decodeOption(Done)

const firstLine = (body: Buffer): string => body.toString("utf8").split("\n", 1)[0] ?? ""

/** All of a message. */
const bodyOf = (message: IncomingMessage): Effect.Effect<Buffer, CannotRelay> =>
  Effect.tryPromise({
    try: async () => {
      const parts: Array<Uint8Array> = []
      for await (const part of message) if (part instanceof Uint8Array) parts.push(part)
      return Buffer.concat(parts)
    },
    catch: (error) => new CannotRelay({ message: `a call broke off: ${String(error)}` })
  })

class Relay {
  private readonly options: VmmAgentOptions

  constructor(options: VmmAgentOptions) {
    this.options = options
  }

  /** Passes a request on; gives the answer as soon as its head is there. */
  private passOn({ headers, method, url }: IncomingMessage, body: Buffer): Effect.Effect<IncomingMessage, CannotRelay> {
    return Effect.async((resume) => {
      const { emulator } = this.options
      const passed = httpRequest({ socketPath: emulator, headers, method, path: url }, (answer) =>
        resume(Effect.succeed(answer))
      )
      passed.on("error", ({ message }) =>
        resume(new CannotRelay({ message: `the emulator does not answer: ${message}` }))
      )
      passed.end(body)
      return Effect.sync(() => passed.destroy())
    })
  }

  /** The answer as it comes; who asked and went away ends it. */
  private answer(to: ServerResponse, from: IncomingMessage): Effect.Effect<void> {
    return Effect.sync(() => {
      to.writeHead(from.statusCode ?? 502, from.headers)
      to.on("close", () => from.destroy())
      from.on("error", () => to.destroy())
      from.pipe(to)
    })
  }

  /** A change of state with what the VMM does around it. */
  private change(request: IncomingMessage, body: Buffer, change: StateChange, response: ServerResponse) {
    const { after, before } = this.options.around
    return Effect.gen(this, function* () {
      yield* before(change)
      const answer = yield* this.passOn(request, body)
      const text = yield* bodyOf(answer)
      if (Option.isSome(decodeDone(firstLine(text)))) yield* after(change)
      response.writeHead(answer.statusCode ?? 502, answer.headers).end(text)
    })
  }

  readonly serve = (request: IncomingMessage, response: ServerResponse): Effect.Effect<void> =>
    Effect.gen(this, function* () {
      const body = yield* bodyOf(request)
      const call = decodeCall(firstLine(body))
      if (Option.isNone(call)) return yield* this.answer(response, yield* this.passOn(request, body))
      const { device, migration, to } = call.value.payload
      yield* this.change(request, body, { host: this.options.host, device, to, migration }, response)
    }).pipe(
      Effect.catchAll(({ message }) =>
        Effect.sync(() => {
          response.setHeader(contractHeader, String(contractVersion))
          response.writeHead(503).end(`the VMM: ${message}\n`)
        })
      )
    )
}

/** Serves until the scope ends; then calls that are under way are cut. */
export const serveVmmAgent = (options: VmmAgentOptions): Effect.Effect<void, CannotRelay, Scope.Scope> =>
  Effect.gen(function* () {
    const run = Runtime.runFork(yield* Effect.runtime())
    const relay = new Relay(options)
    const server = createServer((request, response) => void run(relay.serve(request, response)))
    const listening = Effect.async<void, CannotRelay>((resume) => {
      server.once("error", ({ message }) => resume(new CannotRelay({ message })))
      server.listen(options.path, () => resume(Effect.void))
    })
    yield* Effect.acquireRelease(listening, () =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
    )
  })
