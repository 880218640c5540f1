/**
 * A PF with its VFs: configured, its VFs enabled, once; found as it is recorded after that. A start that was cut short is carried on by the next. Source:
 * `packages/qat/README.md`, "The PF's driver".
 */
import type { Errno } from "@stopcopy/errno"
import { Pf, type PfActor, PfDriver } from "@stopcopy/qat"
import { Pace } from "@stopcopy/qat/engine"
import { ActorSystem, type JournalError } from "@stopcopy/runtime"
import { Effect, type Scope } from "effect"
import { type HostedVf, hostVf, type Surroundings, vfActors } from "./HostedVf.ts"
import type { PlannedPf } from "./Recorded.ts"

export interface HostedPf {
  readonly name: string
  readonly pf: PfActor
  readonly driver: PfDriver.PfDriver
  readonly vfs: ReadonlyArray<HostedVf>
}

const numbers = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, number) => number)

/** A restart that an earlier process began is ended; VFs that do not answer hold it up, and nobody waits for that. */
const recover = (name: string, driver: PfDriver.PfDriver): Effect.Effect<void, never, Scope.Scope> =>
  driver.recover.pipe(
    Effect.catchAllCause((cause) =>
      Effect.logError(`${name}: a restart of an earlier process could not be ended`, cause)
    ),
    Effect.forkScoped,
    Effect.asVoid
  )

/** The PF and its VFs at work until the scope ends. */
export const hostPf = (
  { configure, mode, name, vfs: count }: PlannedPf,
  surroundings: Omit<Surroundings, "pace">
): Effect.Effect<HostedPf, Errno | JournalError, ActorSystem | Scope.Scope> =>
  Effect.gen(function* () {
    const system = yield* ActorSystem
    const pf = yield* system.actor(Pf.behavior, name)
    const actors = yield* Effect.forEach(numbers(count), (number) => vfActors(name, number))
    const driver = PfDriver.make(
      pf,
      actors.map(({ vf }) => vf)
    )
    if (configure !== undefined) yield* pf.ask(configure)
    if ((yield* pf.state).device?.vfs === 0) yield* driver.setVfs(count)
    const pace = new Pace()
    const vfs = yield* Effect.forEach(actors, (each) => hostVf(pf, name, each, mode, { ...surroundings, pace }))
    yield* recover(name, driver)
    return { name, pf, driver, vfs }
  })
