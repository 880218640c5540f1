/**
 * Who may run a device: its epoch, a number that only grows, and how the device stands in it. The host records both durably and
 * judges calls by them on its own authority. Pure rules; `README.md`, "Epochs", has them in prose.
 * Source: `docs/architecture.md`, "The way of one migration".
 */
import { Either, Schema } from "effect"
import { EpochConflict, StaleEpoch } from "./Errors.ts"
import type { DeviceName } from "./Values.ts"

/** The ownership of one guest's device. */
export const Epoch = Schema.NonNegativeInt
export type Epoch = typeof Epoch.Type

/**
 * - `held`: the epoch is this device's; it may run.
 * - `granted`: the device has voted for the epoch, and stands still until `Adopt` or `Fence` decides.
 * - `fenced`: the epoch is another device's, or nobody's; this one does not run and gives no data.
 */
export const Standing = Schema.Literal("held", "granted", "fenced")
export type Standing = typeof Standing.Type

/** What the host records durably of one device. */
export const EpochRecord = Schema.Struct({
  epoch: Epoch,
  standing: Standing,
  /** The digest over the whole view that the device voted for; none unless granted for a loaded state. */
  digest: Schema.NullOr(Schema.String)
})
export type EpochRecord = typeof EpochRecord.Type

/** A device of which nothing was ever recorded: a guest of its own may run on it. */
export const initial: EpochRecord = { epoch: 0, standing: "held", digest: null }

/** Either nothing is to be recorded, because it is already so, or the record to come. */
type Decision = Either.Either<EpochRecord, StaleEpoch | EpochConflict>

const stale = (device: DeviceName, called: Epoch, { epoch }: EpochRecord): StaleEpoch =>
  new StaleEpoch({ device, called, current: epoch })

const conflict = (device: DeviceName, called: Epoch, record: EpochRecord, rule: string, remedy: string) =>
  new EpochConflict({ device, called, current: record.epoch, standing: record.standing, rule, remedy })

/** Whether the call's epoch is the recorded one: all that a reset needs, since it discards the state. */
export const judgeNumber = (
  device: DeviceName,
  record: EpochRecord,
  called: Epoch
): Either.Either<void, StaleEpoch | EpochConflict> => {
  if (called < record.epoch) return Either.left(stale(device, called, record))
  if (called === record.epoch) return Either.right(undefined)
  return Either.left(
    conflict(device, called, record, "a call carries an epoch that the host has recorded", "grant or fence it first")
  )
}

/** What holds back a device that stands so, whatever a call carries; none for a device that is held. */
export const holdsBack: Readonly<Record<Standing, { readonly rule: string; readonly remedy: string } | undefined>> = {
  held: undefined,
  granted: { rule: "a device that has voted stands still", remedy: "adopt, fence or reset it" },
  fenced: { rule: "a fenced device neither runs nor gives data", remedy: "reset it, then grant it a higher epoch" }
}

/** Whether a call may change the state or move migration data: under the recorded epoch, on a device that holds it. */
export const judge = (
  device: DeviceName,
  record: EpochRecord,
  called: Epoch
): Either.Either<void, StaleEpoch | EpochConflict> =>
  Either.flatMap(judgeNumber(device, record, called), () => {
    const bad = holdsBack[record.standing]
    return bad === undefined
      ? Either.right(undefined)
      : Either.left(conflict(device, called, record, bad.rule, bad.remedy))
  })

/** Votes for a new epoch. A repeat of the same vote is the same answer. */
export const grant = (device: DeviceName, record: EpochRecord, epoch: Epoch, digest: string | null): Decision => {
  if (epoch < record.epoch) return Either.left(stale(device, epoch, record))
  const repeated = epoch === record.epoch && record.standing === "granted" && digest === record.digest
  if (repeated) return Either.right(record)
  if (epoch === record.epoch) {
    return Either.left(
      conflict(device, epoch, record, "a new epoch is higher than the recorded one", `use ${record.epoch + 1} or more`)
    )
  }
  return Either.right({ epoch, standing: "granted", digest })
}

/** Takes the epoch that was granted: from now on the device may run. A repeat is the same answer. */
export const adopt = (device: DeviceName, record: EpochRecord, epoch: Epoch): Decision => {
  if (epoch < record.epoch) return Either.left(stale(device, epoch, record))
  if (epoch === record.epoch && record.standing === "held") return Either.right(record)
  if (epoch === record.epoch && record.standing === "granted") {
    return Either.right({ epoch, standing: "held", digest: null })
  }
  return Either.left(
    conflict(device, epoch, record, "only a granted epoch can be adopted", "grant a higher epoch, then adopt that")
  )
}

/** Gives the epoch to another device, or withdraws a vote. A repeat is the same answer. */
export const fence = (device: DeviceName, record: EpochRecord, epoch: Epoch): Decision => {
  if (epoch < record.epoch) return Either.left(stale(device, epoch, record))
  if (epoch === record.epoch && record.standing === "fenced") return Either.right(record)
  if (epoch === record.epoch && record.standing === "held") {
    return Either.left(
      conflict(device, epoch, record, "an epoch that is held ends with a higher one", `fence with ${epoch + 1} or more`)
    )
  }
  return Either.right({ epoch, standing: "fenced", digest: null })
}

/** What a reset leaves: a vote is withdrawn, since the state it was for is gone. */
export const afterReset = (record: EpochRecord): EpochRecord =>
  record.standing === "granted" ? { ...record, standing: "fenced", digest: null } : record
