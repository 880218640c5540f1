/** `feature.json`: the checks of a device feature request's header. */
import { DeviceFeature } from "@stopcopy/vfio"
import { Either, Schema } from "effect"
import { compare } from "./Mismatch.ts"

export const Case = Schema.Struct({
  id: Schema.String,
  argsz: Schema.Int,
  flags: Schema.Int,
  has_mig_ops: Schema.Boolean,
  has_log_ops: Schema.Boolean,
  ret: Schema.Int,
  /** Passed every check and would run the feature. */
  executes: Schema.Boolean
})

export const run = (one: typeof Case.Type): ReadonlyArray<string> => {
  const operations = { hasMigration: one.has_mig_ops, hasDmaLogging: one.has_log_ops }
  const checked = DeviceFeature.check(one.argsz, one.flags, operations)
  return [
    ...compare("ret", one.ret, Either.isLeft(checked) ? -checked.left.errno : 0),
    ...compare("executes", one.executes, Either.isRight(checked) && checked.right.executes)
  ]
}
