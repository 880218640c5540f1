/** Batches as rows: inserting them, and what that needs to know of the streams they touch, kept in memory as far as it is committed. */
import type { PlannedBatch, StreamIdentity } from "../Envelope.ts"
import { integer } from "../Rows.ts"
import type { Statements } from "./Statements.ts"

export class BatchRows {
  private readonly statements: Statements
  private readonly ids = new Map<string, number>()
  private readonly versions = new Map<string, number>()
  /** Row ids of streams that the present transaction inserted. */
  private readonly fresh = new Map<string, number>()

  constructor(statements: Statements) {
    this.statements = statements
  }

  /** Inserts a batch into a transaction that has begun. */
  insert(batch: PlannedBatch, hash: Uint8Array): void {
    const { insertBatch, insertRecord } = this.statements
    const { command } = batch
    insertBatch.run(
      batch.batch,
      batch.firstSequence,
      batch.time,
      batch.correlation,
      batch.causation,
      command === null ? null : command.stream,
      command === null ? null : command.schemaVersion,
      command === null ? null : command.bytes,
      hash
    )
    for (const each of batch.records) {
      const { count, encoding, payload, schemaVersion, sequence, type, version } = each
      const stream = this.idFor(each)
      insertRecord.run(sequence, count, batch.batch, stream, version, type, schemaVersion, encoding, payload)
    }
  }

  /** The row id of a stream, inserted if the stream is new. */
  private idFor({ behavior, owner, stream }: StreamIdentity): number {
    const known = this.fresh.get(stream) ?? this.idOf(stream)
    if (known !== undefined) return known
    const inserted = this.statements.insertStream.run(stream, behavior, owner)
    this.fresh.set(stream, inserted)
    return inserted
  }

  private idOf(stream: string): number | undefined {
    const known = this.ids.get(stream)
    if (known !== undefined) return known
    const row = this.statements.streamId.get(stream)
    if (row === undefined) return undefined
    const id = integer(row, "id")
    this.ids.set(stream, id)
    return id
  }

  /** Version of a stream in the journal; 0 for one that is not there. */
  versionOf(stream: string): number {
    const known = this.versions.get(stream)
    if (known !== undefined) return known
    const id = this.idOf(stream)
    const row = id === undefined ? undefined : this.statements.version.get(id)
    return row === undefined ? 0 : integer(row, "version")
  }

  /** These batches are in the journal now. */
  committed(batches: ReadonlyArray<PlannedBatch>): void {
    for (const [stream, id] of this.fresh) this.ids.set(stream, id)
    this.fresh.clear()
    for (const { records } of batches) {
      for (const { count, stream, version } of records) this.versions.set(stream, version + count - 1)
    }
  }

  /** Knows nothing any more: another process appended, or a transaction failed. */
  forget(): void {
    this.fresh.clear()
    this.versions.clear()
    this.ids.clear()
  }
}
