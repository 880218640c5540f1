/** Tapes for tests: a folder, and what recovery makes of what is in it, as single events. */
import { eventsOf } from "@stopcopy/runtime"
import type { AppendRequest, Payload, TapeIdentity } from "@stopcopy/runtime"
import { openTapes, readTails } from "@stopcopy/runtime/tapes"
import { Effect, Either } from "effect"
import { dirname, join } from "node:path"
import { temporaryFile } from "./files.ts"
import { entriesOf, identity, journalId } from "./tape.data.ts"

/** A path in an empty folder, where tapes may be. */
export const tapesFolder = Effect.map(temporaryFile, (file) => join(dirname(file), "tapes"))

export const tapesOf = (folder: string) => Either.getOrThrow(openTapes({ folder, journalId }))

/** The tape of `identity`; closed with the scope. */
export const tapeIn = (folder: string, of: TapeIdentity = identity) =>
  Effect.acquireRelease(
    Effect.sync(() => Either.getOrThrow(tapesOf(folder).open(of))),
    (tape) => Effect.sync(() => tape.close())
  )

/** What is read back where the journal has the stream at `version`. */
export const tailsOf = (folder: string, version = 0) =>
  readTails(folder, journalId, () => Either.right({ version, taken: version }))

/** A payload as bytes. */
export const bytesIn = (payload: Payload): Uint8Array => {
  if (payload instanceof Uint8Array) return payload
  return new TextEncoder().encode(typeof payload === "string" ? payload : payload.text())
}

/** The single events of appends. */
export const eventsIn = (requests: ReadonlyArray<AppendRequest>) =>
  requests.flatMap(({ causation, correlation, records, streams, time }) => {
    const [stream] = streams
    if (stream === undefined) return []
    let version = stream.expected + 1
    return records.flatMap((record) => {
      const events = eventsOf({
        ...record,
        ...stream,
        payload: bytesIn(record.payload),
        causation,
        correlation,
        time,
        version,
        batch: 1,
        sequence: 1,
        payloadHash: null
      })
      version += record.count
      return events
    })
  })

/** The one tail in a folder, as versions, times and payloads. */
export const recovered = (folder: string, version = 0) =>
  Effect.map(tailsOf(folder, version), (tails) => {
    const [tail] = tails
    const events = eventsIn(tail?.requests ?? [])
    return {
      tail,
      events: events.map((event) => ({ version: event.version, time: event.time, payload: event.payload }))
    }
  })

/** What `recovered` gives for versions `first` to `last`, written at `timeOf` each. */
export const expected = (first: number, last: number, timeOf: (version: number) => number) =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => ({
    version: first + index,
    time: timeOf(first + index),
    payload: entriesOf(first + index, 1)
  }))
