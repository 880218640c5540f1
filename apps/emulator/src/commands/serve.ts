/** `serve`: hosts until it is asked to end. Lines on standard output: one for each socket, one for the agent, then `ready`. */
import { Addresses, Host, type HostService } from "@stopcopy/agent"
import { fingerprintOf, serve as serveAgent } from "@stopcopy/agent/server"
import { Vf } from "@stopcopy/qat"
import { ActorSystem, deciderOf } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Effect, Either, Layer } from "effect"
import { plan as planOf, type Plan, type ServeOptions } from "../description/Plan.ts"
import { checkPlaces, host } from "../hosting/Emulator.ts"
import { retire } from "../hosting/Retire.ts"
import { measure } from "../metrics/Metrics.ts"
import { Failed, Misuse, problemLines } from "@stopcopy/service"
import { endAsked } from "@stopcopy/service/process"
import { tracing } from "@stopcopy/service/tracing"
import { version } from "../Version.ts"

const print = (line: string): Effect.Effect<void> => Effect.sync(() => void process.stdout.write(`${line}\n`))

/** Answers go out this long after the agent takes no more calls. */
const agentGrace = "2 seconds"

/** Hosts, and ends when it is asked to. */
const hosting = (plan: Plan, untilStdinEnds: boolean) =>
  Effect.gen(function* () {
    const asked = yield* endAsked(untilStdinEnds)
    const emulator = yield* host(plan, (service: HostService) =>
      serveAgent({ ...plan.agent, grace: agentGrace }).pipe(Effect.provideService(Host, service))
    )
    yield* measure(emulator, plan.journal)
    for (const { name, socketPath } of emulator.vfs) yield* print(`socket ${name} ${socketPath}`)
    yield* print(`agent ${Addresses.format(emulator.agent)}`)
    if (plan.agent.certificate !== undefined) {
      const fingerprint = Either.getOrElse(fingerprintOf(plan.agent.certificate), (reason) => reason)
      yield* Effect.logInfo(`the agent's certificate has the fingerprint ${fingerprint}`)
    }
    yield* print("ready")
    yield* Effect.logInfo(`${emulator.vfs.length} VFs of ${emulator.pfs.length} PFs are hosted`)
    const how = yield* asked
    yield* Effect.logInfo(`${how}: guests are asked to leave, at most ${plan.drainMillis} ms`)
    const late = yield* retire(emulator, plan.drainMillis)
    for (const device of late) {
      yield* Effect.logWarning(`${device}: its guest works on; what is in flight is answered when the emulator is back`)
    }
  }).pipe(Effect.scoped)

type Ends = Effect.Effect.Error<ReturnType<typeof hosting>>

/** What was asked for wrongly, and what failed. */
const outcomeOf = (error: Ends): Failed | Misuse =>
  error._tag === "ContradictsJournal" || error._tag === "NothingToHost" || error._tag === "SocketPathTooLong"
    ? new Misuse({ message: error.message })
    : new Failed({ message: error.message })

/** Ends when the emulator has. `untilStdinEnds`: it is asked to end by the end of standard input, too. */
export const serve = (
  options: ServeOptions & { readonly untilStdinEnds: boolean }
): Effect.Effect<void, Failed | Misuse> =>
  Effect.gen(function* () {
    const plan = planOf(options)
    if (Either.isLeft(plan)) {
      return yield* new Misuse({ message: `${problemLines(plan.left)}\nnothing was started` })
    }
    // Before a journal is made.
    yield* Effect.mapError(checkPlaces(plan.right, plan.right.pfs), outcomeOf)
    const journal = Layer.mapError(
      layerSqlite({ file: plan.right.journal, tapes: true, spool: true, deciders: [deciderOf(Vf.behavior)] }),
      (error) => new Failed({ message: error.message })
    )
    yield* hosting(plan.right, options.untilStdinEnds).pipe(
      Effect.mapError(outcomeOf),
      Effect.provide(Layer.provideMerge(ActorSystem.layer, journal)),
      Effect.provide(tracing({ url: plan.right.otlpUrl, name: "stopcopy-emulator", version }))
    )
    yield* Effect.logInfo("everything is in the journal; the emulator ends")
  })
