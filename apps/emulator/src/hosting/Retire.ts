/**
 * The end of an emulator that has time: no new guest is taken, those that are there are asked to give their devices back (REQ), and what is in flight gets
 * to its guest. Source: `vfio_unregister_group_dev` of `drivers/vfio/vfio_main.c`.
 *
 * R1 Whatever is not done within the limit is in the journal, and the next process carries it on.
 */
import { Effect, Option } from "effect"
import type { Emulator } from "./Emulator.ts"
import type { HostedVf } from "./HostedVf.ts"

const banksPerVf = 4

/** Ends when nothing that was fetched is unanswered, in any bank. */
const drained = ({ hardware, number }: HostedVf): Effect.Effect<void> =>
  Effect.forEach(
    Array.from({ length: banksPerVf }, (_, bank) => banksPerVf * number + bank),
    (bank) => hardware.drain(bank),
    { concurrency: "unbounded", discard: true }
  )

/** A guest that stays keeps its rings busy: this long for the moment at which they are not. */
const restMillis = 200

/**
 * Asks the guest once, and waits until it is gone; what is in flight of one that stays gets to it. What is in flight of one that is gone has no memory to
 * go to. The name of a device that was not at rest in time.
 */
const retireVf = (vf: HostedVf, limitMillis: number): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function* () {
    if (!(yield* vf.device.request)) return []
    if (Option.isSome(yield* Effect.timeoutOption(vf.memory.gone, limitMillis))) return []
    return Option.isSome(yield* Effect.timeoutOption(drained(vf), restMillis)) ? [] : [vf.name]
  })

/** Ends within the limit, and a moment. Devices that were not at rest then. */
export const retire = ({ stopAccepting, vfs }: Emulator, limitMillis: number): Effect.Effect<ReadonlyArray<string>> =>
  Effect.zipRight(
    stopAccepting,
    Effect.map(
      Effect.forEach(vfs, (vf) => retireVf(vf, limitMillis), { concurrency: "unbounded" }),
      (late) => late.flat()
    )
  )
