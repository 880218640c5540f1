/** Carries out a symmetric request over memory, without rings: the steps, the writes, the response. */
import type { Region } from "@stopcopy/qat/engine"
import { Effect, Either } from "effect"
import { overRegions } from "../../../src/engine/Dma.ts"
import { decodeRequest, encodeResponse, type Executed } from "../../../src/engine/Message.ts"
import { run } from "../../../src/engine/run.ts"
import { symmetric } from "../../../src/engine/sym/Symmetric.ts"

export interface Done {
  readonly executed: Executed
  readonly status: number
  /** The 32 bytes. */
  readonly response: Uint8Array<ArrayBuffer>
}

/** What the request comes to, its writes carried out; undefined if it reads or writes where no memory is. */
const execute = (regions: ReadonlyArray<Region>, bytes: Uint8Array): Done | undefined => {
  const dma = overRegions(regions)
  const request = decodeRequest(bytes)
  const result = Effect.runSync(Effect.either(run(dma, symmetric(request))))
  if (Either.isLeft(result)) return undefined
  for (const write of result.right.writes) {
    if (Either.isLeft(Effect.runSync(Effect.either(dma.write(write.address, write.bytes))))) return undefined
  }
  return {
    executed: result.right,
    status: result.right.status,
    response: encodeResponse(request, result.right)
  }
}

/** As `execute`, where all memory is there. */
export const executed = (regions: ReadonlyArray<Region>, bytes: Uint8Array): Done => {
  const done = execute(regions, bytes)
  if (done === undefined) throw new Error("the request reads or writes where no memory is")
  return done
}
