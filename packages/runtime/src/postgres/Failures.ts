/** What an error of the server, or of the way to it, means for a caller. */
import type { SqlError } from "@effect/sql/SqlError"
import { JournalDamaged, JournalFull, JournalReadOnly, JournalUnavailable } from "../JournalError.ts"
import type { CommitError, ReadError } from "../JournalError.ts"

/** Five characters, from PostgreSQL's appendix "Error Codes". */
const sqlState = {
  diskFull: "53100",
  readOnlyTransaction: "25006",
  serializationFailure: "40001",
  undefinedTable: "42P01",
  undefinedColumn: "42703"
} as const

/** "Data Corrupted" and "Index Corrupted", for instance a page whose checksum is wrong. */
const corrupted: ReadonlySet<string> = new Set(["XX001", "XX002"])

/** The SQLSTATE of a server's error; undefined if the server did not answer. */
const stateOf = ({ cause }: SqlError): string | undefined =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined

/** What happened, in one line. */
const reasonOf = (error: SqlError): string => {
  const { cause } = error
  // A refused connection to a name with several addresses says nothing itself, only its parts do.
  const causes = cause instanceof AggregateError ? cause.errors : [cause]
  const said = causes.map((each: unknown) => (each instanceof Error ? each.message : String(each))).join("; ")
  const state = stateOf(error)
  return `${said || error.message}${state === undefined ? "" : ` (${state})`}`.replaceAll(/\s+/g, " ")
}

/** The error of a write. */
export const commitError = (journal: string, error: SqlError): CommitError => {
  switch (stateOf(error)) {
    case sqlState.diskFull:
      return new JournalFull({ journal })
    case sqlState.readOnlyTransaction:
      return new JournalReadOnly({ journal })
    default:
      return new JournalUnavailable({ journal, reason: reasonOf(error) })
  }
}

/** The error of a read; `lastGood` is the batch that was read last. */
export const readError = (journal: string, error: SqlError, lastGood: number): ReadError =>
  corrupted.has(stateOf(error) ?? "")
    ? damaged(journal, lastGood, reasonOf(error))
    : new JournalUnavailable({ journal, reason: reasonOf(error) })

/** Damage behind batch `lastGood`. */
export const damaged = (journal: string, lastGood: number, difference: string): JournalDamaged =>
  new JournalDamaged({ journal, batch: lastGood + 1, lastGood, difference })

/** True if a table, or one of its columns, is not there. */
export const isOtherTable = (error: SqlError): boolean => {
  const state = stateOf(error)
  return state === sqlState.undefinedTable || state === sqlState.undefinedColumn
}

/** True if the database lets transactions fail that another one was faster than, because somebody set its isolation level so. */
export const isOvertaken = (error: SqlError): boolean => stateOf(error) === sqlState.serializationFailure
