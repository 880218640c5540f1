/** The client of the contract: every call as a method, with a timeout, and two that move migration data in pieces. */
import { RpcClient, RpcClientError, RpcSerialization } from "@effect/rpc"
import { Cause, Duration, Effect, Option, type Scope, Stream } from "effect"
import type { Address } from "../Address.ts"
import { Contract } from "../Contract.ts"
import { onlyDevices } from "../Description.ts"
import { defaultChunk, type SavedChunk } from "../Transfer.ts"
import type { DeviceName } from "../Values.ts"
import { connection, endless, explain, innermost } from "./connection.ts"
import { AgentUnreachable, CallBroken, CallTimedOut, type ClientError, TokenExposed } from "./errors.ts"
import { isExposed, type Trust } from "./Trust.ts"

/** The longest answer to one call that is taken, unless told otherwise: 64 MiB. A chunk of data has 1.4, ten thousand VFs have about 6. */
export const defaultAnswerBytes = 64 * 1024 * 1024

/** Where the agent is and how long to wait for it. */
export interface ClientOptions {
  readonly address: Address
  readonly token?: string
  /** Of an address with TLS: which server is believed. Default: one that an authority of Node has signed. */
  readonly trust?: Trust
  /** Sends a token to another machine without TLS all the same: whoever is on the way reads it. */
  readonly insecure?: boolean
  /** How long one call may take; a change of state drains first. `watch` has no limit. Default: 30 seconds. */
  readonly timeout?: Duration.DurationInput
  /** The longest answer to one call, in bytes; `watch` has no limit. Default: `defaultAnswerBytes`. */
  readonly answerBytes?: number
}

type WayError = RpcClientError.RpcClientError
type Calls = RpcClient.FromGroup<typeof Contract, WayError>
type CallOf<Name extends keyof Calls> = Parameters<Calls[Name]>[0]

const isWayError = (error: unknown): error is WayError => error instanceof RpcClientError.RpcClientError

/** Puts everything that is not an answer of the contract into words. */
class Words {
  private readonly address: Address
  private readonly timeout: Duration.Duration

  constructor(address: Address, timeout: Duration.Duration) {
    this.address = address
    this.timeout = timeout
  }

  /** An interruption that arrives as an answer is the host's own: it is going down. */
  private cause<E>(call: string, cause: Cause.Cause<E>): Cause.Cause<E | ClientError> {
    const { address } = this
    if (Cause.isFailure(cause)) return cause
    if (Cause.isInterruptedOnly(cause)) {
      return Cause.fail(
        new AgentUnreachable({ address, call, reason: "the host is going down", hint: "start it again" })
      )
    }
    return Cause.fail(new CallBroken({ address, call, reason: innermost(Cause.squash(cause)) }))
  }

  readonly ask = <A, E>(call: string, made: () => Effect.Effect<A, E | WayError>): Effect.Effect<A, E | ClientError> =>
    Effect.suspend(made).pipe(
      Effect.catchIf(isWayError, (error) => Effect.fail(explain(this.address, call, error))),
      Effect.catchAllCause((cause) => Effect.failCause(this.cause(call, cause))),
      Effect.timeoutFail({
        duration: this.timeout,
        onTimeout: () => new CallTimedOut({ address: this.address, call, millis: Duration.toMillis(this.timeout) })
      })
    )

  /** The host goes on with an answer that is as long as it may be. */
  readonly tooMuch = (call: string): CallBroken =>
    new CallBroken({ address: this.address, call, reason: "it hands out more than was asked for" })

  readonly follow = <A, E>(
    call: string,
    made: () => Stream.Stream<A, E | WayError>
  ): Stream.Stream<A, E | ClientError> =>
    Stream.suspend(made).pipe(
      Stream.mapError((error): E | ClientError => (isWayError(error) ? explain(this.address, call, error) : error)),
      Stream.catchAllCause((cause) => Stream.failCause(this.cause(call, cause)))
    )
}

const callsOf = (rpc: Calls, watching: Calls, { ask, follow, tooMuch }: Words) => ({
  describe: ask("Describe", () => rpc.Describe(undefined)),
  /** The host with the devices of these names, those that there are, and nothing else. */
  describeOnly: (devices: ReadonlyArray<DeviceName>) =>
    Effect.map(
      ask("Describe", () => rpc.Describe({ devices })),
      (host) => onlyDevices(host, devices)
    ),
  setState: (call: CallOf<"SetState">) => ask("SetState", () => rpc.SetState(call)),
  getState: (call: CallOf<"GetState">) => ask("GetState", () => rpc.GetState(call)),
  dataSize: (call: CallOf<"DataSize">) => ask("DataSize", () => rpc.DataSize(call)),
  precopyInfo: (call: CallOf<"GetPrecopyInfo">) => ask("GetPrecopyInfo", () => rpc.GetPrecopyInfo(call)),
  save: (call: CallOf<"Save">) => ask("Save", () => rpc.Save(call)),
  resume: (call: CallOf<"Resume">) => ask("Resume", () => rpc.Resume(call)),
  reset: (call: CallOf<"Reset">) => ask("Reset", () => rpc.Reset(call)),
  digest: (call: CallOf<"Digest">) => ask("Digest", () => rpc.Digest(call)),
  grant: (call: CallOf<"Grant">) => ask("Grant", () => rpc.Grant(call)),
  adopt: (call: CallOf<"Adopt">) => ask("Adopt", () => rpc.Adopt(call)),
  fence: (call: CallOf<"Fence">) => ask("Fence", () => rpc.Fence(call)),
  inject: (fault: CallOf<"Inject">) => ask("Inject", () => rpc.Inject(fault)),
  listFaults: ask("ListFaults", () => rpc.ListFaults()),
  clearFaults: (call: CallOf<"ClearFaults">) => ask("ClearFaults", () => rpc.ClearFaults(call)),
  /** How each of these devices is, then each change, for as long as the stream is read. Empty: all devices. */
  watch: (call: CallOf<"Watch">) => follow("Watch", () => watching.Watch(call)),
  /**
   * The incident bundle of what the host recorded for a migration, in pieces; fails where it hands out more than was asked for. A host that does not know this
   * call breaks on it.
   */
  exported: (call: CallOf<"Export">) =>
    Stream.mapAccumEffect(
      follow("Export", () => watching.Export(call)),
      0,
      (before, bytes) => {
        const size = before + bytes.length
        return size > call.limit ? Effect.fail(tooMuch("Export")) : Effect.succeed([size, bytes] as const)
      }
    )
})

/** A call of `Save` without its length: that of one chunk is the client's to choose. */
type SavedCall = Omit<CallOf<"Save">, "length"> & { readonly length?: number }

const transfersOf = ({ resume, save }: ReturnType<typeof callsOf>) => ({
  /**
   * The chunks from `offset` on, each asked for when it is wanted, up to an end: the last chunk is empty and says whether it is one for now or
   * for good, and where to go on.
   */
  saved: ({ length = defaultChunk, offset, ...call }: SavedCall) =>
    Stream.paginateEffect(offset, (at) =>
      Effect.map(save({ ...call, offset: at, length }), (chunk): [SavedChunk, Option.Option<number>] => [
        chunk,
        chunk.end === "more" ? Option.some(at + chunk.bytes.length) : Option.none()
      ])
    ),
  /** Loads all of `bytes` from `offset` on, chunk after chunk; gives where the next begins. */
  load: ({ bytes, offset, ...call }: CallOf<"Resume">) =>
    Effect.iterate(offset, {
      while: (next) => next < offset + bytes.length,
      body: (at) => {
        const piece = bytes.subarray(at - offset, at - offset + defaultChunk)
        return Effect.map(resume({ ...call, offset: at, bytes: piece }), ({ next }) => next)
      }
    })
})

/** A client. Nothing is sent before the first call; one that is lost says so, and the next connects again. */
export type AgentClient = ReturnType<typeof callsOf> & ReturnType<typeof transfersOf>

/** The client of one agent, until the scope closes. */
export const makeClient = ({
  address,
  answerBytes = defaultAnswerBytes,
  insecure = false,
  timeout = "30 seconds",
  token,
  trust
}: ClientOptions): Effect.Effect<AgentClient, TokenExposed, Scope.Scope> =>
  Effect.gen(function* () {
    if (!insecure && isExposed(address, token)) return yield* new TokenExposed({ address })
    const rpcOver = (limit: number) =>
      Effect.gen(function* () {
        const http = yield* connection(address, token, trust, limit)
        const protocol = yield* RpcClient.makeProtocolHttp(http).pipe(
          Effect.provideService(RpcSerialization.RpcSerialization, RpcSerialization.ndjson)
        )
        return yield* Effect.provideService(RpcClient.make(Contract), RpcClient.Protocol, protocol)
      })
    const [rpc, watching] = [yield* rpcOver(answerBytes), yield* rpcOver(endless)]
    const calls = callsOf(rpc, watching, new Words(address, Duration.decode(timeout)))
    return { ...calls, ...transfersOf(calls) }
  })
