/**
 * Loading Emmett's SQLite store from where the benchmark installed it. The store imports its binding, sqlite3, in any case: where that has no
 * binary, an empty module stands in for it, and only stores over a connection of ours can be measured.
 */
import { Either } from "effect"
import Module, { createRequire } from "node:module"
import { dirname, join } from "node:path"

/** A stored value or a parameter, as Emmett passes it. */
export type Values = ReadonlyArray<unknown>

/** Emmett's own interface of a connection. */
export interface Connection {
  readonly close: () => void
  readonly command: (sql: string, values?: Values) => Promise<unknown>
  readonly batchCommand: (sqls: ReadonlyArray<string>) => Promise<void>
  readonly query: (sql: string, values?: Values) => Promise<ReadonlyArray<unknown>>
  readonly querySingle: (sql: string, values?: Values) => Promise<unknown>
  readonly withTransaction: <A>(use: () => Promise<A>) => Promise<A>
}

/** An event as the store takes it. */
interface EmmettEvent {
  readonly type: string
  readonly data: { readonly by: number; readonly note: string }
}

/** What is used of its store. */
export interface Store {
  readonly appendToStream: (stream: string, events: ReadonlyArray<EmmettEvent>) => Promise<unknown>
  readonly aggregateStream: <State>(
    stream: string,
    options: {
      readonly evolve: (state: State, event: EmmettEvent) => State
      readonly initialState: () => State
    }
  ) => Promise<{ readonly state: State }>
}

/** What is used of the package. */
export interface Library {
  readonly getSQLiteEventStore: (options: { readonly fileName: string; readonly pool?: unknown }) => Store
  readonly SQLiteConnectionPool: (options: {
    readonly fileName: string
    readonly connectionOptions: { readonly singleton: true; readonly connection: Connection }
  }) => unknown
  readonly sqliteConnection: (options: { readonly fileName: string }) => Connection
}

/** Why something cannot be loaded, in one line. */
const loaded = <A>(load: () => A): Either.Either<A, string> =>
  Either.try({
    try: load,
    catch: (thrown) =>
      String(thrown)
        .split("\n", 1)[0]
        ?.replace(/ Tried:$/, "") ?? ""
  })

/** The bundle is `dist/bench/NAME.mjs` of its package; what NAME alone compares with is installed in `bench/NAME/competitors`. */
const requireOf = (bundle: string): NodeJS.Require =>
  createRequire(join(dirname(bundle), "../../bench/runtime/competitors/package.json"))

/** Puts an empty module in the place of sqlite3. */
const standIn = (require: NodeJS.Require): void => {
  const path = require.resolve("sqlite3")
  const empty = new Module(path)
  empty.loaded = true
  require.cache[path] = empty
}

/** Emmett's package, and whether its own binding has a binary here. */
export const loadEmmett = (
  bundle: string
): Either.Either<{ readonly library: Library; readonly binding: Either.Either<unknown, string> }, string> => {
  const require = requireOf(bundle)
  const binding = loaded((): unknown => require("sqlite3"))
  return loaded(() => {
    if (Either.isLeft(binding)) standIn(require)
    const library: Library = require("@event-driven-io/emmett-sqlite")
    return { library, binding }
  })
}
