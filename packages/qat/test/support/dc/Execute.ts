/** Carries out a compression request over an arena, without rings: the steps, the writes, the response. */
import type { Region } from "@stopcopy/qat/engine"
import { Effect, Either } from "effect"
import { compression } from "../../../src/engine/dc/Compression.ts"
import { overRegions } from "../../../src/engine/Dma.ts"
import { decodeRequest, encodeResponse, type Executed } from "../../../src/engine/Message.ts"
import { run } from "../../../src/engine/run.ts"
import { type Answer, decodeAnswer } from "./Requests.ts"

export interface Done {
  readonly executed: Executed
  /** The 32 bytes, and what they say. */
  readonly response: Uint8Array<ArrayBuffer>
  readonly answer: Answer
}

/** What the request comes to, its writes carried out; undefined if it reads or writes where no memory is. */
export const execute = (regions: ReadonlyArray<Region>, bytes: Uint8Array): Done | undefined => {
  const dma = overRegions(regions)
  const request = decodeRequest(bytes)
  const result = Effect.runSync(Effect.either(run(dma, compression(request))))
  if (Either.isLeft(result)) return undefined
  const executed = result.right
  for (const write of executed.writes) {
    if (Either.isLeft(Effect.runSync(Effect.either(dma.write(write.address, write.bytes))))) return undefined
  }
  const response = encodeResponse(request, executed)
  return { executed, response, answer: decodeAnswer(response) }
}

/** As `execute`, where all memory is there. */
export const executed = (regions: ReadonlyArray<Region>, bytes: Uint8Array): Done => {
  const done = execute(regions, bytes)
  if (done === undefined) throw new Error("the request reads or writes where no memory is")
  return done
}
