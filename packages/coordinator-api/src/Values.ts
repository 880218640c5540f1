/** The small values that requests and answers share. Times are milliseconds since 1970; lengths of time say their unit in their name. */
import { DeviceDescription } from "@stopcopy/agent"
import { Schema } from "effect"

/** The longest name of a host, a PF, a group, and the longest id. */
export const nameLimit = 64

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const nameHint = `1 to ${nameLimit} letters, digits, dots, dashes or underscores, the first a letter or digit`

const name = (what: string, description: string) =>
  Schema.String.pipe(
    Schema.pattern(namePattern, { identifier: what, description, message: () => `${what}: write ${nameHint}` })
  )

/** What the coordinator calls a host; its agent must call itself the same. */
export const HostName = name("HostName", "What the coordinator calls a host: the name that its agent has")
export const PfName = name("PfName", "A PF by its name on its host, such as pf0")

/** The longest name of a group, an evacuation, a migration. */
const idLimit = 128
const idHint = `1 to ${idLimit} letters, digits, dots, dashes, underscores, colons or slashes, the first a letter or digit`

const id = (what: string, description: string) =>
  Schema.String.pipe(
    Schema.pattern(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/, {
      identifier: what,
      description,
      message: () => `${what}: write ${idHint}`
    })
  )

export const GroupName = id("GroupName", "All VFs of one virtual machine, by a name")
export const MigrationId = id("MigrationId", "Names one migration, in the journals of both hosts too")
export const EvacuationId = id("EvacuationId", "Names one evacuation")

/** A value as it stands in a path: what is a slash in it is written %2F. The server gets it without that already. */
export const inPath = <A extends string>(schema: Schema.Schema<A, string>) =>
  Schema.transform(Schema.String, schema, { strict: true, decode: (text) => text, encode: encodeURIComponent })

/** A VF by its name on its host: `pf0/vf1`. */
export const DeviceName = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/, {
    identifier: "DeviceName",
    description: "A VF by its name on its host, such as pf0/vf1",
    message: () => "DeviceName: write the name that the host gives, such as pf0/vf1"
  })
)

/** The devices of one group. */
export const Devices = Schema.NonEmptyArray(DeviceName).pipe(
  Schema.maxItems(64, { message: () => "a group has at most 64 devices" })
)

/** Milliseconds since 1970. */
export const Time = Schema.Number.annotations({ identifier: "Time", description: "Milliseconds since 1970" })

/** A whole number in bounds, with one message for all that it is not. */
export const whole = (least: number, most: number, what = "a whole number") =>
  Schema.Number.pipe(
    Schema.filter((value) => Number.isInteger(value) && value >= least && value <= most, {
      message: () => `write ${what} from ${least} to ${most}`,
      jsonSchema: { type: "integer", minimum: least, maximum: most }
    })
  )

/** A length of time that somebody asks for, in milliseconds: up to 7 days. */
export const Millis = whole(1, 604_800_000, "whole milliseconds").annotations({
  identifier: "Millis",
  description: "Whole milliseconds, up to 7 days"
})

/** A length of time that was measured, in microseconds. */
export const Micros = Schema.Int.annotations({ identifier: "Micros", description: "Microseconds" })

/** Why somebody does something, for those who come after. */
export const Reason = Schema.String.pipe(
  Schema.maxLength(1000, { message: () => "a reason has at most 1000 characters" })
)

/** 0 to 9; 9 goes first. */
export const Priority = whole(0, 9, "a priority").annotations({
  identifier: "Priority",
  description: "0 to 9; 9 goes first"
})

/** A state of the VFIO migration protocol. */
export const DeviceState = DeviceDescription.fields.state

/** What requests are read with: every mistake at once, and a field that nobody knows is one. */
export const strict = { parseOptions: { errors: "all", onExcessProperty: "error" } } as const

/** Fields that need not be there, but must not be `null`. */
export const optional = <A, I, R>(schema: Schema.Schema<A, I, R>) => Schema.optionalWith(schema, { exact: true })
