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

/** Only the head, so that a file of another kind is told from a broken one. */
const Head = Schema.Struct({ kind: Schema.String })

/** A whole file but for its cases: those are decoded one by one, so that one that is odd is one failed case. */
const Cases = Schema.Struct({ format: Schema.Literal(1), cases: Schema.Array(Schema.Unknown) })
const MigFiles = Schema.Struct({
  ...Cases.fields,
  configs: Schema.Record({ key: Schema.String, value: Config }),
  blobs: Schema.Record({ key: Schema.String, value: Schema.String })
})
const Loads = Schema.Struct({
  ...Cases.fields,
  ub_cases: Schema.optionalWith(Schema.Array(Schema.Unknown), { default: () => [] })
})

const decodeAs = <A, I>(schema: Schema.Schema<A, I>, json: unknown): Either.Either<A, string> =>
  Either.mapLeft(
    Schema.decodeUnknownEither(schema)(json),
    (error) =>
      ParseResult.TreeFormatter.formatErrorSync(error)
        .split("\n")
        .at(-1)
        ?.replace(/^[\s│├└─]+/, "") ?? ""
  )

const idOf = (json: unknown, index: number): string =>
  Either.match(decodeAs(Schema.Struct({ id: Schema.String }), json), {
    onLeft: () => `case ${index}`,
    onRight: ({ id }) => id
  })

/** One check a case; a case without the shape of its kind is one that fails and says why. */
const checks = <A, I, E>(
  cases: ReadonlyArray<unknown>,
  schema: Schema.Schema<A, I>,
  run: (one: A) => Effect.Effect<ReadonlyArray<string>, E>
): ReadonlyArray<Check> =>
  cases.map((json, index) => ({
    id: idOf(json, index),
    run: Either.match(decodeAs(schema, json), {
      onLeft: (reason) => Effect.succeed([`shape: ${reason}`]),
      onRight: (one): Effect.Effect<ReadonlyArray<string>, unknown> => run(one)
    })
  }))

/** The same for kinds that need no effect. */
const pureChecks = <A, I>(
  cases: ReadonlyArray<unknown>,
  schema: Schema.Schema<A, I>,
  run: (one: A) => ReadonlyArray<string>
): ReadonlyArray<Check> => checks(cases, schema, (one) => Effect.sync(() => run(one)))

const migFileChecks = ({ blobs, cases, configs }: typeof MigFiles.Type): ReadonlyArray<Check> => {
  const blocks = Object.fromEntries(Object.entries(blobs).map(([name, hex]) => [name, blockFromHex(hex)]))
  return checks(cases, MigFileCase, (one): Effect.Effect<ReadonlyArray<string>, unknown> => {
    const config = configs[one.config]
    return config === undefined
      ? Effect.succeed([`config: the file has no configuration ${one.config}`])
      : MigFile.run(one, config, blocks)
  })
}

const checksOfKind = (kind: string, json: unknown): Either.Either<ReadonlyArray<Check>, string> | undefined => {
  const cases = () => decodeAs(Cases, json)
  switch (kind) {
    case "fsm":
      return Either.map(cases(), (file) => pureChecks(file.cases, Fsm.Case, Fsm.run))
    case "feature":
      return Either.map(cases(), (file) => pureChecks(file.cases, Feature.Case, Feature.run))
    case "mstate-save":
      return Either.map(cases(), (file) => pureChecks(file.cases, MstateSave.Case, MstateSave.run))
    case "mstate-load":
      return Either.map(decodeAs(Loads, json), (file) =>
        pureChecks([...file.cases, ...file.ub_cases], MstateLoad.Case, MstateLoad.run)
      )
    case "migfile":
      return Either.map(decodeAs(MigFiles, json), migFileChecks)
    default:
      return undefined
  }
}

/** The checks of a parsed vector file; `file` is for messages. */
export const checksOf = (file: string, json: unknown): Either.Either<ReadonlyArray<Check>, NotVectors | OtherJson> => {
  const head = decodeAs(Head, json)
  if (Either.isLeft(head)) return Either.left(new OtherJson({ file, reason: "it names no kind of vectors" }))
  const { kind } = head.right
  const found = checksOfKind(kind, json)
  if (found === undefined) return Either.left(new OtherJson({ file, reason: `kind ${kind} is not known` }))
  return Either.mapLeft(found, (reason) => new NotVectors({ file, reason }))
}
