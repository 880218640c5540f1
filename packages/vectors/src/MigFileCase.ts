/** The shape of a case of `migfile.json`: a sequence of operations on one device, each with what it must give. */
import { Schema } from "effect"
import { Device } from "./Config.ts"

const Expect = Schema.Struct({
  ret: Schema.Int,
  state: Schema.Int,
  setup_size: Schema.Int,
  remote_setup_size: Schema.Int,
  path: Schema.optional(Schema.Array(Schema.Int)),
  fd: Schema.optional(Schema.NullOr(Schema.String)),
  value: Schema.optional(Schema.Int),
  sha256: Schema.optional(Schema.String),
  data: Schema.optional(Schema.String),
  out: Schema.optional(
    Schema.Struct({
      argsz: Schema.Int,
      flags: Schema.Int,
      initial_bytes: Schema.Union(Schema.Int, Schema.String),
      dirty_bytes: Schema.Union(Schema.Int, Schema.String)
    })
  )
})
export type Expect = typeof Expect.Type

/** A length of up to 2^64 - 1: text where a JSON number would not be exact. */
const Length = Schema.Union(Schema.BigInt, Schema.BigIntFromNumber)
const flag = Schema.optionalWith(Schema.Boolean, { default: () => false })
const op = <Name extends string, Fields extends Schema.Struct.Fields>(name: Name, fields: Fields) =>
  Schema.Struct({ op: Schema.Literal(name), expect: Expect, ...fields })

export const Op = Schema.Union(
  op("set_state", { new: Schema.Int }),
  op("get_state", {}),
  op("get_data_size", {}),
  op("read", { fd: Schema.String, len: Length, positioned: flag, fault: flag }),
  op("write", {
    fd: Schema.String,
    blob: Schema.String,
    off: Schema.Int,
    len: Length,
    positioned: flag,
    fault: flag
  }),
  op("ioctl", { fd: Schema.String, cmd: Schema.Int, argsz: Schema.Int, flags: Schema.Int, fault: flag }),
  op("close_fd", { fd: Schema.String }),
  op("reset", {}),
  op("close_device", {}),
  op("open_device", {}),
  op("set_hw", {
    gencap: Schema.optional(Schema.Int),
    extdc: Schema.optional(Schema.Int),
    svcmap: Schema.optional(Schema.Int)
  }),
  op("drain_never_completes", { banks: Schema.Array(Schema.Int) }),
  op("pfvf_busy", { busy: Schema.Boolean }),
  op("file_alloc_fails", { errno: Schema.Int }),
  op("force_pos", { fd: Schema.String, pos: Schema.Union(Schema.Finite, Schema.NumberFromString) })
)
export type Op = typeof Op.Type

export const Case = Schema.Struct({
  id: Schema.String,
  /** Names one of the file's configurations. */
  config: Schema.String,
  ops: Schema.Array(Op),
  final: Device
})
