/** Devices that are driven over vfio-user, together as a host of the agent's contract. */
import { type DeviceChange, type HostDevice, type HostService, NoSuchDevice } from "@stopcopy/agent"
import { Effect, Option, PubSub } from "effect"
import type { Driven } from "./DrivenDevice.ts"

/** Changes that wait for a slow watcher; the oldest are dropped. */
const watchLimit = 256

/** The device, with every change of it told. What cannot be told now is told with the next change. */
const telling = (device: HostDevice, changes: PubSub.PubSub<DeviceChange>): HostDevice => {
  const { epoch, facts, migration, recordEpoch, status } = device
  const now = Effect.zipWith(status, epoch, (how, record) => ({ name: facts.name, ...how, ...record }))
  const tell = Effect.flatMap(Effect.option(now), (change) =>
    Option.isSome(change) ? PubSub.publish(changes, change.value) : Effect.succeed(false)
  )
  return {
    ...device,
    migration: {
      ...migration,
      setState: (requested) => Effect.ensuring(migration.setState(requested), tell),
      reset: Effect.ensuring(migration.reset, tell)
    },
    recordEpoch: (record) => Effect.zipLeft(recordEpoch(record), tell)
  }
}

export interface AgentHostOptions {
  /** What coordinators call the host. */
  readonly name: string
  /** Name and version of the program, for people. */
  readonly program: string
}

/** The host of these devices. */
export const agentHost = (
  { name, program }: AgentHostOptions,
  driven: ReadonlyArray<Driven>
): Effect.Effect<HostService> =>
  Effect.map(PubSub.sliding<DeviceChange>(watchLimit), (changes) => {
    const told = driven.map(({ device: silent, pf }) => {
      const device = telling(silent, changes)
      return { device, pf: { ...pf, devices: [device] } }
    })
    const devices = new Map(told.map(({ device }) => [device.facts.name, device]))
    return {
      name,
      program,
      pfs: Effect.succeed(told.map(({ pf }) => pf)),
      device: (wanted) =>
        Effect.suspend(() => {
          const device = devices.get(wanted)
          return device === undefined
            ? Effect.fail(new NoSuchDevice({ device: wanted, known: [...devices.keys()] }))
            : Effect.succeed(device)
        }),
      watch: PubSub.subscribe(changes),
      faults: undefined
    }
  })
