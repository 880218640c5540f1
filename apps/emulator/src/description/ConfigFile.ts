/** The description of an emulator in a JSON file: everything that `serve` can be told by options, and PFs with all that they can have. */
import { type Problem, problemsOf } from "@stopcopy/service"
import { readJson } from "@stopcopy/service/process"
import { Either, Schema } from "effect"
import type { RawEntry } from "./PfFlag.ts"

/** PFs are looked at one by one, so that each has its own problems. */
const ConfigFile = Schema.Struct({
  host: Schema.optionalWith(Schema.NonEmptyString, { exact: true }),
  socketDir: Schema.optionalWith(Schema.NonEmptyString, { exact: true }),
  journal: Schema.optionalWith(Schema.NonEmptyString, { exact: true }),
  agent: Schema.optionalWith(Schema.NonEmptyString, { exact: true }),
  agentTokenFile: Schema.optionalWith(Schema.NonEmptyString, { exact: true }),
  descriptors: Schema.optionalWith(Schema.Boolean, { exact: true }),
  drainSeconds: Schema.optionalWith(Schema.Number.pipe(Schema.between(0, 3600)), { exact: true }),
  otlpUrl: Schema.optionalWith(Schema.NonEmptyString, { exact: true }),
  pfs: Schema.optionalWith(Schema.Array(Schema.Record({ key: Schema.String, value: Schema.Unknown })), {
    default: () => []
  })
})
type ConfigFile = typeof ConfigFile.Type

export interface Config extends Omit<ConfigFile, "pfs"> {
  readonly pfs: ReadonlyArray<RawEntry>
}

/** What a file says, or everything that is wrong with its form. */
export const readConfig = (path: string): Either.Either<Config, ReadonlyArray<Problem>> =>
  Either.flatMap(readJson("--config", path), (value) => {
    const decoded = Schema.decodeUnknownEither(ConfigFile)(value, { errors: "all", onExcessProperty: "error" })
    if (Either.isLeft(decoded)) return Either.left(problemsOf(`${path} `, decoded.left))
    const { pfs, ...rest } = decoded.right
    return Either.right({
      ...rest,
      pfs: pfs.map((pf, index) => ({ where: `${path} .pfs[${index}]`, value: { ...pf } }))
    })
  })
