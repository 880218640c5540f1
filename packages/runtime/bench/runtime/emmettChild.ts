/** The process that measures Emmett's SQLite store, in each way in which it gets at its file. */
import { Effect, Either } from "effect"
import { tell } from "./child.ts"
import { note } from "./counter.ts"
import type { EmmettMode, Measured, Missing } from "./emmett.ts"
import { connectTo } from "./emmettConnection.ts"
import { loadEmmett } from "./emmettLibrary.ts"
import type { Connection, Library, Store } from "./emmettLibrary.ts"
import { inFolder, millisOf, rateOf } from "@stopcopy/workbench"
import { emmettFillEvents, emmettWarmUp } from "./sizes.ts"

const counted = (by: number) => ({ type: "Counted", data: { by, note } })

/** The store, and the connection to ask for its settings. */
interface Opened {
  readonly store: Store
  readonly connection: Connection
}

const open = (library: Library, mode: EmmettMode, fileName: string): Opened => {
  const connection = mode === "injected" ? connectTo(fileName) : library.sqliteConnection({ fileName })
  if (mode === "default") return { store: library.getSQLiteEventStore({ fileName }), connection }
  const pool = library.SQLiteConnectionPool({ fileName, connectionOptions: { singleton: true, connection } })
  return { store: library.getSQLiteEventStore({ fileName, pool }), connection }
}

const synchronousNames = ["OFF", "NORMAL", "FULL", "EXTRA"]

const synchronousOf = async (connection: Connection): Promise<string> => {
  const row = await connection.querySingle("PRAGMA synchronous")
  const level = typeof row === "object" && row !== null && "synchronous" in row ? Number(row.synchronous) : -1
  return synchronousNames[level] ?? "unknown"
}

/** One event an append, one after the other, over as many streams as actors in our middle load. */
const appended = async (store: Store, appends: number, from: number): Promise<number> => {
  let refused = 0
  for (let by = from; by < from + appends; by++) {
    // With its own binding the store fails now and then: it commits while the INSERT before it is not finalized.
    const settled = await Promise.allSettled([store.appendToStream(`counter-${by % 64}`, [counted(by)])])
    if (settled[0].status === "rejected") refused += 1
  }
  return refused
}

const fill = async (store: Store, events: number): Promise<void> => {
  for (let by = 0; by < events;) {
    const page = Array.from({ length: Math.min(emmettFillEvents, events - by) }, (_, index) => counted(by + index))
    const [settled] = await Promise.allSettled([store.appendToStream("counter-read", page)])
    if (settled.status === "fulfilled") by += page.length
  }
}

const total = (store: Store) =>
  store.aggregateStream("counter-read", {
    evolve: (state: { readonly total: number }, { data }) => ({ total: state.total + data.by }),
    initialState: () => ({ total: 0 })
  })

/** Appends a second, those left out that the store refused. */
const appendRate = (store: Store, appends: number) =>
  Effect.gen(function* () {
    let refused = yield* Effect.promise(() => appended(store, emmettWarmUp, 0))
    const before = refused
    const millis = yield* millisOf(
      Effect.promise(async () => void (refused += await appended(store, appends, emmettWarmUp)))
    )
    return { perSecond: ((appends - (refused - before)) * 1000) / millis, refused }
  })

/** Events a second: the better of two, the first warms up. */
const aggregateRate = (store: Store, events: number) =>
  Effect.gen(function* () {
    const once = rateOf(
      events,
      Effect.promise(() => total(store))
    )
    return { perSecond: Math.max(yield* once, yield* once), refused: 0 }
  })

/** Does one thing with a store, and tells its rate with the store's setting. */
const measured = (
  { connection, store }: Opened,
  measure: (store: Store) => Effect.Effect<Pick<Measured, "perSecond" | "refused">>
) =>
  Effect.gen(function* () {
    const synchronous = yield* Effect.promise(() => synchronousOf(connection))
    const result: Measured = { synchronous, ...(yield* measure(store)) }
    connection.close()
    tell(result)
  })

const perform = (library: Library, mode: EmmettMode, task: string, amount: number, file: string) => {
  if (task === "append") {
    return inFolder((fresh) => measured(open(library, mode, fresh), (store) => appendRate(store, amount)))
  }
  const opened = open(library, mode, file)
  return task === "fill"
    ? Effect.promise(() => fill(opened.store, amount))
    : measured(opened, (store) => aggregateRate(store, amount))
}

/** Tells what cannot be measured here; nothing if everything can. */
const probe = (loaded: ReturnType<typeof loadEmmett>): void => {
  const missing = (modes: ReadonlyArray<EmmettMode>, reason: string): Missing => ({ modes, reason })
  if (Either.isLeft(loaded)) tell(missing(["own", "default", "injected"], loaded.left))
  else if (Either.isLeft(loaded.right.binding)) tell(missing(["own", "default"], loaded.right.binding.left))
}

const modes: ReadonlyArray<EmmettMode> = ["own", "default", "injected"]

/** `probe`, or a task with its mode, its amount and its file: tells the result. */
export const emmettChild = (
  bundle: string,
  [task = "", mode, amount, file = ""]: ReadonlyArray<string>
): Effect.Effect<void> => {
  const loaded = loadEmmett(bundle)
  const known = modes.find((each) => each === mode)
  if (Either.isLeft(loaded) || known === undefined) return Effect.sync(() => probe(loaded))
  return perform(loaded.right.library, known, task, Number(amount), file)
}
