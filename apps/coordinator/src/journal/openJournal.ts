/** The journal that the settings name: a SQLite file, or a PostgreSQL database. One coordinator at a time works on it: two would both carry out what it says. */
import type { Journal } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Failed } from "@stopcopy/service"
import { Effect, Layer } from "effect"
import { isDatabase } from "../settings/settings.ts"

const failed = ({ message }: { readonly message: string }): Failed => new Failed({ message })

/** With tapes and a spool the file is locked. */
const file = (path: string): Layer.Layer<Journal, Failed> =>
  Layer.mapError(layerSqlite({ file: path, tapes: true, spool: true }), failed)

/** PostgreSQL's client is loaded by those alone who use it. */
const database = (url: string): Layer.Layer<Journal, Failed> =>
  Layer.unwrapEffect(
    Effect.map(
      Effect.promise(() => import("./postgres.ts")),
      ({ layerDatabase }) => Layer.mapError(layerDatabase(url), failed)
    )
  )

export const journalOf = (journal: string): Layer.Layer<Journal, Failed> =>
  isDatabase(journal) ? database(journal) : file(journal)
