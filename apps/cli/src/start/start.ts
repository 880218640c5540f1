/** `stopcopy start`: the small fleet of the demo, to be tried out from other terminals, until it is interrupted. */
import { FileSystem } from "@effect/platform/FileSystem"
import type { Path } from "@effect/platform/Path"
import { Console, Effect, Logger, LogLevel, type Option, type Scope } from "effect"
import type { Stage } from "../demo/Steps.ts"
import { type Live, makeLive } from "../operate/Live.ts"
import { Misuse, misuse, negative, Negative, oneLine } from "../Outcome.ts"
import { Terminal } from "../Terminal.ts"
import { pfsWith } from "../world/Hardware.ts"
import { hangup } from "../world/hangup.ts"
import { introduction } from "../world/Introduction.ts"
import { type ProgramOptions, programsOf } from "../world/Programs.ts"
import { oneDied, startWorld, type World, type WorldFailed, type WorldOptions } from "../world/World.ts"
import { type Data, dataOf, prefix } from "./Data.ts"
import { begin, goOn } from "./History.ts"
import { invitation } from "./Invitation.ts"
import { loopback, portOf, usualPort } from "./Port.ts"

export interface StartOptions extends ProgramOptions {
  readonly port: Option.Option<string>
  readonly data: Option.Option<string>
}

/** VFs of PF a on each host. */
const vfs = 8

/** Everything that is needed, found before anything is started. */
const prepared = (options: StartOptions) =>
  Effect.gen(function* () {
    const files = yield* FileSystem
    const programs = yield* programsOf(options)
    const port = yield* portOf(options.port)
    const data = yield* dataOf(options.data)
    const folder = yield* files.makeTempDirectoryScoped({ prefix })
    const world: WorldOptions = {
      programs,
      folder,
      journals: data.journals,
      pfs: pfsWith(vfs),
      listen: `${loopback}:${port}`,
      command: (words) => `stopcopy ${words}`
    }
    return { data, port, world }
  }).pipe(Effect.catchTags({ BadArgument: (error) => misuse(error), SystemError: (error) => misuse(error) }))

/** A fleet that is new gets a history; the guests of an old one boot where they were. */
const inhabit = (world: World, data: Data) =>
  Effect.gen(function* () {
    if (data.isOld)
      return yield* Effect.as(goOn(world), ["the fleet goes on where it was; its guests have booted anew"])
    const stage: Stage = { isWhole: () => true, coordinator: world.coordinator, live: yield* makeLive(true) }
    return ["so that there is a history:", ...(yield* begin(world, stage)).map((line) => `  ${line}`)]
  })

/** A guest whose work has failed is told of, and the others work on. */
const tell = ({ guests }: World) =>
  Effect.forEach(
    guests,
    ({ name, workload }) =>
      Effect.catchAll(workload.broken, ({ message }) =>
        Console.error(`stopcopy: the guest ${name} does not work any more: ${oneLine(message)}`)
      ),
    { concurrency: "unbounded", discard: true }
  )

/** Whether something is served at the root. */
const hasConsole = (url: string): Effect.Effect<boolean> =>
  Effect.tryPromise(async () => {
    const answer = await fetch(url)
    await answer.body?.cancel()
    return answer.status === 200
  }).pipe(Effect.orElseSucceed(() => false))

/** Until it is interrupted: then the coordinator ends while the guests are there, so that none is left standing still. */
const stay = (world: World, live: Live) =>
  Effect.raceFirst(oneDied(world), Effect.zipRight(tell(world), Effect.never)).pipe(
    Effect.onInterrupt(() =>
      Effect.gen(function* () {
        yield* live.say(["", "ending: the coordinator, the guests, the emulators"])
        yield* Effect.ignore(world.service.stop)
        // It was asked to end, and does.
        process.exitCode = 0
      })
    )
  )

const running = (
  options: StartOptions
): Effect.Effect<void, Misuse | Negative | WorldFailed, FileSystem | Path | Terminal | Scope.Scope> =>
  Effect.gen(function* () {
    yield* hangup
    const live = yield* makeLive(false)
    const { program } = yield* Terminal
    const { data, port, world: options_ } = yield* prepared(options)
    yield* live.say(["A fleet on this machine: two hosts and a coordinator, each a process of its own"])
    if (port === 0 && options.port._tag === "None") {
      yield* live.say([`  port ${usualPort} is in use: the coordinator listens on another one`])
    }
    yield* live.now("  starting, then some migrations, so that there is a history ...")
    const world = yield* startWorld(options_)
    const told = yield* inhabit(world, data)
    yield* live.say([...introduction(world, vfs), "", ...told])
    const url = world.service.address
    yield* live.say(invitation({ url, program, data, guests: world.guests, hasConsole: yield* hasConsole(url) }))
    yield* stay(world, live)
  })

/** Ends when it is interrupted, or when a process of the fleet has died. */
export const start = (options: StartOptions): Effect.Effect<void, Misuse | Negative, FileSystem | Path | Terminal> =>
  running(options).pipe(
    Effect.scoped,
    Effect.mapError((error) => (error instanceof Negative || error instanceof Misuse ? error : negative(error))),
    Logger.withMinimumLogLevel(LogLevel.None)
  )
