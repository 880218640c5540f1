/** Migration data from one agent to another, chunk by chunk. */
import type { SavedChunk } from "@stopcopy/agent"
import type { AgentClient } from "@stopcopy/agent/client"
import { Effect, Stream } from "effect"
import type { Transfer } from "./Migrated.ts"

/** A device behind an agent, as every call about its migration names it. */
export interface End {
  readonly agent: AgentClient
  readonly device: string
  readonly migration: string
  readonly epoch: number
}

/** An end with its session. */
export interface OpenEnd extends End {
  readonly session: string
}

/** What a call says about a device. */
export const ofDevice = ({ device, epoch, migration }: End) => ({ device, epoch, migration })
const ofSession = (end: OpenEnd) => ({ ...ofDevice(end), session: end.session })

/** Moves what the source has at the moment, in chunks of at most `length` bytes, from `offset` on. Each chunk is loaded before the next is asked for. */
export const transfer = (
  source: OpenEnd,
  destination: OpenEnd,
  { length, offset }: { readonly length: number; readonly offset: number }
) => {
  const load = (sent: Transfer, { bytes, offset: at }: SavedChunk) =>
    Effect.as(destination.agent.load({ ...ofSession(destination), offset: at, bytes }), {
      bytes: sent.bytes + bytes.length,
      chunks: sent.chunks + 1
    })
  return source.agent.saved({ ...ofSession(source), offset, length }).pipe(
    Stream.filter(({ bytes }) => bytes.length > 0),
    Stream.runFoldEffect<Transfer, SavedChunk, Effect.Effect.Error<ReturnType<typeof load>>, never>(
      { bytes: 0, chunks: 0 },
      load
    )
  )
}
