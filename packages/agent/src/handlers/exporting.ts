/** The call that hands out the host's part of an incident: any host's bundle, in pieces, none larger than was asked for. */
import { Effect, Stream } from "effect"
import type { HostFailed } from "../Errors.ts"
import { exportChunk, ExportRefused, type ExportRequest } from "../Export.ts"
import type { HostService } from "../Host.ts"
import { measured } from "./measured.ts"

const piecesOf = (bytes: Uint8Array): ReadonlyArray<Uint8Array> =>
  Array.from({ length: Math.ceil(bytes.length / exportChunk) }, (_, index) =>
    bytes.subarray(index * exportChunk, (index + 1) * exportChunk)
  )

const bundleOf = (
  { exports, name }: HostService,
  request: ExportRequest
): Effect.Effect<Uint8Array, ExportRefused | HostFailed> =>
  exports === undefined
    ? new ExportRefused({ reason: `${name} hands nothing out of its journal` })
    : Effect.filterOrFail(
        exports(request),
        ({ length }) => length <= request.limit,
        ({ length }) => new ExportRefused({ reason: `it has ${length} bytes, at most ${request.limit} are wanted` })
      )

/** The stream of one export. */
export const exporting = (
  host: HostService,
  request: ExportRequest
): Stream.Stream<Uint8Array, ExportRefused | HostFailed> =>
  Stream.unwrap(
    Effect.map(measured("Export", bundleOf(host, request)), (bytes) =>
      Stream.rechunk(Stream.fromIterable(piecesOf(bytes)), 1)
    )
  )
