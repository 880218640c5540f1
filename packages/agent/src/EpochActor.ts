/**
 * Who may run a device, as the journal of a host has it: an actor beside the device, stream `epoch/NAME`. The rules are those of `Epoch.ts`; here what they
 * decided is kept. To be written *durable*: after a power loss no device runs that another has taken over.
 */
import { type Actor, Behavior } from "@stopcopy/runtime"
import { Schema } from "effect"
import * as Epochs from "./Epoch.ts"

export const EpochEvent = Schema.TaggedStruct("EpochRecorded", Epochs.EpochRecord.fields)
export type EpochEvent = typeof EpochEvent.Type
export const EpochCommand = Schema.TaggedStruct("RecordEpoch", Epochs.EpochRecord.fields)
export type EpochCommand = typeof EpochCommand.Type

const isSame = (one: Epochs.EpochRecord, other: Epochs.EpochRecord): boolean =>
  one.epoch === other.epoch && one.standing === other.standing && one.digest === other.digest

const recordOf = ({ digest, epoch, standing }: Epochs.EpochRecord): Epochs.EpochRecord => ({ epoch, standing, digest })

/** A record that is there already is no event. */
export const behavior: Behavior.Behavior<Epochs.EpochRecord, EpochCommand, EpochEvent, void, never> = Behavior.make({
  name: "epoch",
  version: 1,
  state: Epochs.EpochRecord,
  command: EpochCommand,
  event: EpochEvent,
  initial: Epochs.initial,
  decide: (state, command): Behavior.Decision<EpochEvent, void, never> =>
    Behavior.accept(isSame(state, command) ? [] : [{ _tag: "EpochRecorded", ...recordOf(command) }], undefined),
  evolve: (_, event) => recordOf(event)
})

export type EpochActor = Actor<Epochs.EpochRecord, EpochCommand, void, never>
