/** A vector file: which kind it is, its cases, and how each is run. */
import { Data, Effect, Either, ParseResult, Schema } from "effect"
import { blockFromHex, Config } from "./Config.ts"
import * as Feature from "./Feature.ts"
import * as Fsm from "./Fsm.ts"
import * as MigFile from "./MigFile.ts"
import { Case as MigFileCase } from "./MigFileCase.ts"
import * as MstateLoad from "./MstateLoad.ts"
import * as MstateSave from "./MstateSave.ts"

/** JSON that is not a vector file of a known kind: not ours to judge, a folder may hold anything. */
export class OtherJson extends Data.TaggedError("OtherJson")<{ readonly file: string; readonly reason: string }> {
  override get message(): string {
    return `${this.file} is left out: ${this.reason}`
  }
}

/** A file of a known kind that does not have its shape or format; `reason` says where. */
export class NotVectors extends Data.TaggedError("NotVectors")<{ readonly file: string; readonly reason: string }> {
  override get message(): string {
    return `${this.file} is not a vector file that can be run: ${this.reason}`
  }
}

/** One case: its id, and the differences it finds. None is a pass. */
export interface Check {
  readonly id: string
  readonly run: Effect.Effect<ReadonlyArray<string>, unknown>
}

const format = Schema.Literal(1)
const file = <Kind extends string, A, I>(kind: Kind, one: Schema.Schema<A, I>) =>
  Schema.Struct({ format, kind: Schema.Literal(kind), cases: Schema.Array(one) })

/** Only the head, so that a file of another kind is told from a broken one. */
const Head = Schema.Struct({ kind: Schema.String })

const MigFiles = Schema.Struct({
  ...file("migfile", MigFileCase).fields,
  configs: Schema.Record({ key: Schema.String, value: Config }),
  blobs: Schema.Record({ key: Schema.String, value: Schema.String })
})

const Loads = Schema.Struct({
  ...file("mstate-load", MstateLoad.Case).fields,
  ub_cases: Schema.optionalWith(Schema.Array(MstateLoad.Case), { default: () => [] })
})

const checks = <A extends { readonly id: string }>(
  cases: ReadonlyArray<A>,
  run: (one: A) => ReadonlyArray<string>
): ReadonlyArray<Check> => cases.map((one) => ({ id: one.id, run: Effect.sync(() => run(one)) }))

const migFileChecks = ({ blobs, cases, configs }: typeof MigFiles.Type): ReadonlyArray<Check> => {
  const blocks = Object.fromEntries(Object.entries(blobs).map(([name, hex]) => [name, blockFromHex(hex)]))
  return cases.map((one) => {
    const config = configs[one.config]
    return {
      id: one.id,
      run:
        config === undefined
          ? Effect.succeed([`config: the file has no configuration ${one.config}`])
          : MigFile.run(one, config, blocks)
    }
  })
}

const decodeAs = <A, I>(schema: Schema.Schema<A, I>, name: string, json: unknown) =>
  Either.mapLeft(
    Schema.decodeUnknownEither(schema)(json),
    (error) =>
      new NotVectors({
        file: name,
        reason: ParseResult.TreeFormatter.formatErrorSync(error).split("\n").at(-1)?.trim() ?? ""
      })
  )

/** The checks of a parsed vector file; `name` is for messages. */
export const checksOf = (name: string, json: unknown): Either.Either<ReadonlyArray<Check>, NotVectors | OtherJson> =>
  Either.gen(function* () {
    const head = yield* Either.mapLeft(
      decodeAs(Head, name, json),
      () => new OtherJson({ file: name, reason: "it names no kind of vectors" })
    )
    switch (head.kind) {
      case "fsm":
        return checks((yield* decodeAs(file("fsm", Fsm.Case), name, json)).cases, Fsm.run)
      case "feature":
        return checks((yield* decodeAs(file("feature", Feature.Case), name, json)).cases, Feature.run)
      case "mstate-save":
        return checks((yield* decodeAs(file("mstate-save", MstateSave.Case), name, json)).cases, MstateSave.run)
      case "mstate-load": {
        const loads = yield* decodeAs(Loads, name, json)
        return checks([...loads.cases, ...loads.ub_cases], MstateLoad.run)
      }
      case "migfile":
        return migFileChecks(yield* decodeAs(MigFiles, name, json))
      default:
        return yield* Either.left(new OtherJson({ file: name, reason: `kind ${head.kind} is not known` }))
    }
  })
