/**
 * Reading records whose hash chain was verified in this opening: what was written is what was once checked, so that JSON.parse
 * and the fold are all that is left.
 */
import { Replay, Verify } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Effect } from "effect"
import { known, stream } from "./history.ts"
import { millisOf } from "@stopcopy/workbench"

/** Milliseconds to fold the actor of `history.ts` without a check by schemas. Verifying is not in it. */
export const verifiedMillis = (file: string) =>
  Effect.flatMap(Verify.verify(), (progress) =>
    millisOf(Replay.stateAt(known, stream, Number.MAX_SAFE_INTEGER, progress))
  ).pipe(Effect.provide(layerSqlite({ file })))
