/** `fault`: injects, lists and clears faults of a running emulator, over its agent. */
import { Fault, type InjectedFault } from "@stopcopy/agent"
import { type AgentClient, makeClient, type TokenExposed } from "@stopcopy/agent/client"
import { Effect, Either, Schema } from "effect"
import { type CallingOptions, callingOf } from "@stopcopy/agent/options"
import { Failed, Misuse, problemLines, problemsOf } from "@stopcopy/service"
import { faultText, type KindName, kindOf, type KindOptions } from "./faultText.ts"

/** How to reach the agent, and how to print. */
export interface AgentOptions extends CallingOptions {
  readonly json: boolean
}

export interface InjectOptions extends AgentOptions, KindOptions {
  readonly kind: KindName
  readonly device: string | undefined
  readonly message: string | undefined
  readonly nth: number
  readonly count: number
}

const timeout = "10 seconds"

const encode = Schema.encodeSync(Fault)

const printAll = (faults: ReadonlyArray<InjectedFault>, json: boolean): Effect.Effect<void> =>
  Effect.sync(() => {
    for (const fault of faults) {
      const { hits, id, seen } = fault
      process.stdout.write(`${json ? JSON.stringify({ id, ...encode(fault), seen, hits }) : faultText(fault)}\n`)
    }
  })

type Calls<A> = (client: AgentClient) => Effect.Effect<A, { readonly message: string }>

/** Calls an agent. */
const calling = <A>(options: AgentOptions, calls: Calls<A>): Effect.Effect<A, Failed | Misuse> =>
  Effect.gen(function* () {
    const way = callingOf(options)
    if (Either.isLeft(way)) return yield* new Misuse({ message: problemLines(way.left) })
    const exposed = ({ message }: TokenExposed) => new Misuse({ message: `${message} (--agent-insecure)` })
    const client = yield* Effect.mapError(makeClient({ ...way.right, timeout }), exposed)
    return yield* Effect.mapError(calls(client), ({ message }) => new Failed({ message }))
  }).pipe(Effect.scoped)

export const inject = (options: InjectOptions): Effect.Effect<void, Failed | Misuse> =>
  Effect.gen(function* () {
    const { count, device, json, kind: name, message, nth } = options
    const kind = kindOf(name, options)
    if (Either.isLeft(kind)) return yield* new Misuse({ message: kind.left })
    const fault = Schema.validateEither(Fault)({
      kind: kind.right,
      target: { device: device ?? null, message: message ?? null },
      nth,
      count
    })
    if (Either.isLeft(fault))
      return yield* new Misuse({
        message: problemLines(problemsOf("fault", fault.left)).replaceAll(/^fault\.(target\.)?/gm, "--")
      })
    const injected = yield* calling(options, (client) => client.inject(fault.right))
    yield* printAll([injected], json)
  })

export const list = (options: AgentOptions): Effect.Effect<void, Failed | Misuse> =>
  Effect.flatMap(
    calling(options, (client) => client.listFaults),
    (faults) => printAll(faults, options.json)
  )

export const clear = (
  options: AgentOptions & { readonly ids: ReadonlyArray<string> }
): Effect.Effect<void, Failed | Misuse> =>
  Effect.gen(function* () {
    const { json, ids } = options
    const wrong = ids.filter((id) => !/^[0-9]{1,9}$/.test(id))
    if (wrong.length > 0)
      return yield* new Misuse({ message: `--id ${wrong.join(", ")}: is no number of a fault; see fault list` })
    const cleared = yield* calling(options, (client) =>
      client.clearFaults({ ids: ids.length === 0 ? null : ids.map(Number) })
    )
    yield* printAll(cleared, json)
  })
