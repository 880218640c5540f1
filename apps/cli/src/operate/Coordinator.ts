/** The coordinator as commands see it: the typed client over one pool of connections, and the events; and the border at which failures become outcomes. */
import { HttpClient, HttpClientRequest } from "@effect/platform"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Agent } from "@effect/platform-node/Undici"
import {
  ApiError,
  type Client,
  type Event,
  follow,
  type FollowOptions,
  makeClient,
  type StreamLost
} from "@stopcopy/coordinator-api"
import { Context, Effect, Option, Schema, type Scope, Stream } from "effect"
import { rootCertificates } from "node:tls"
import { jsonLine, printLines } from "../Lines.ts"
import { Cancelled, InDoubt, Misuse, Negative, type Outcome, Refused, Unanswered } from "../Outcome.ts"
import { Terminal } from "../Terminal.ts"
import { version } from "../Version.ts"
import { type CallError, explain, isApiError } from "./Explain.ts"
import { type ConnectionOptions, type Settings, settingsOf } from "./Settings.ts"

/** How long a connection may take to be made, and an answer to begin, in milliseconds. A preflight asks both hosts meanwhile. */
const connectMillis = 5000
const answerMillis = 120_000

export class Coordinator extends Context.Tag("@stopcopy/cli/Coordinator")<
  Coordinator,
  {
    readonly baseUrl: string
    /** A command that asks the same coordinator, as somebody would type it: `stopcopy cancel m-1`. */
    readonly command: (words: string) => string
    readonly client: Client
    readonly events: (
      options: Pick<FollowOptions, "after" | "migration" | "follow" | "onConnection">
    ) => Stream.Stream<Event, ApiError | StreamLost>
  }
>() {}

const agentOf = ({ ca }: Settings): Effect.Effect<Agent, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(
      () =>
        new Agent({
          connect: { timeout: connectMillis, ...(ca === undefined ? {} : { ca: [...rootCertificates, ca] }) },
          headersTimeout: answerMillis
        })
    ),
    (agent) => Effect.promise(() => agent.destroy())
  )

const inShell = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)

/** The options by which the coordinator was named, to be repeated; empty where the environment or the file has it. */
const flagsOf = ({ caFile, config, coordinator, tokenFile }: ConnectionOptions): string =>
  Object.entries({ "--coordinator": coordinator, "--token-file": tokenFile, "--ca-file": caFile, "--config": config })
    .flatMap(([option, value]) => Option.toArray(Option.map(value, (word) => ` ${option} ${inShell(word)}`)))
    .join("")

/** The coordinator at this address, until the scope ends. Nothing is asked yet. */
export const reach = (
  settings: Settings,
  command: (words: string) => string
): Effect.Effect<Coordinator["Type"], never, Scope.Scope> =>
  Effect.gen(function* () {
    const { baseUrl, token } = settings
    const http = NodeHttpClient.makeUndici(yield* agentOf(settings)).pipe(
      HttpClient.mapRequest(HttpClientRequest.setHeader("user-agent", `stopcopy/${version}`))
    )
    const options = { baseUrl, ...(token === undefined ? {} : { token }) }
    const client = yield* Effect.provideService(makeClient(options), HttpClient.HttpClient, http)
    const events: Coordinator["Type"]["events"] = (filter) =>
      Stream.provideService(follow({ ...options, ...filter }), HttpClient.HttpClient, http)
    return { baseUrl, command, client, events }
  })

const endings = [Negative, Misuse, Refused, Cancelled, InDoubt, Unanswered]

const isOutcome = (error: CallError | Outcome): error is Outcome => endings.some((ending) => error instanceof ending)

/** The code of a failure that is no error of the API. */
const codeOf = ({ _tag }: CallError, outcome: Outcome): string => {
  if (outcome._tag !== "Misuse") return "coordinator.unanswered"
  return _tag === "RequestError" ? "coordinator.untrusted" : "request.invalid"
}

/** What `--json` prints in place of a result. */
const errorFields = (error: CallError, outcome: Outcome): object =>
  isApiError(error)
    ? { error: { code: error.code, message: error.message, refusals: error.refusals } }
    : { error: { code: codeOf(error, outcome), message: outcome.message, refusals: [] } }

const decodeError = Schema.decodeUnknownOption(Schema.parseJson(ApiError))

/** An answer that its endpoint does not have may still be an error of the API: a path or a method that another version lacks. */
const recognized = (error: CallError): Effect.Effect<CallError> =>
  error._tag === "ResponseError"
    ? Effect.match(error.response.text, {
        onFailure: () => error,
        onSuccess: (text) => Option.getOrElse(decodeError(text), () => error)
      })
    : Effect.succeed(error)

export interface OperateOptions extends ConnectionOptions {
  readonly json: boolean
}

/** Fails with what the error means; with `json` it is on standard output too. */
const told = (baseUrl: string, error: CallError, json: boolean): Effect.Effect<never, Outcome> => {
  const outcome = explain(baseUrl, error)
  const line = json ? printLines([jsonLine(errorFields(error, outcome))]) : Effect.void
  return Effect.zipRight(line, Effect.fail(outcome))
}

/** Does `work` with the coordinator that the options, the environment and the file name. */
export const operating = <R>(
  options: OperateOptions,
  work: Effect.Effect<void, CallError | Outcome, R | Coordinator>
): Effect.Effect<void, Outcome, Exclude<R, Coordinator> | Terminal> =>
  Effect.scoped(
    Effect.gen(function* () {
      const settings = yield* settingsOf(options, process.env)
      const { program } = yield* Terminal
      const flags = flagsOf(options)
      const coordinator = yield* reach(settings, (words) => `${program} ${words}${flags}`)
      yield* Effect.provideService(work, Coordinator, coordinator).pipe(
        Effect.catchAll((failed) =>
          isOutcome(failed)
            ? Effect.fail(failed)
            : Effect.flatMap(recognized(failed), (error) => told(coordinator.baseUrl, error, options.json))
        )
      )
    })
  )

/** Prints a value: with `json` as the API has it, one line; else as the lines that `text` makes of it. */
export const print = <A, I extends object>(
  json: boolean,
  schema: Schema.Schema<A, I>,
  value: A,
  text: (value: A) => ReadonlyArray<string>
): Effect.Effect<void> => printLines(json ? [jsonLine(Schema.encodeSync(schema)(value))] : text(value))

/** The same for a list: with `json` a line for each. */
export const printAll = <A, I extends object>(
  json: boolean,
  schema: Schema.Schema<A, I>,
  values: ReadonlyArray<A>,
  text: (values: ReadonlyArray<A>) => ReadonlyArray<string>
): Effect.Effect<void> =>
  printLines(json ? values.map((value) => jsonLine(Schema.encodeSync(schema)(value))) : text(values))
