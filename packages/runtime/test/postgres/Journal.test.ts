/** The contract suite over PostgreSQL, a fresh schema for each test. */
import { layerPostgres } from "@stopcopy/runtime/postgres"
import { Effect, Either, Layer } from "effect"
import { contract } from "../journal.contract.ts"
import { freshSchema, serverOfFile } from "./schemas.ts"

const server = await serverOfFile()

const layer = Layer.unwrapScoped(
  Effect.gen(function* () {
    const { url } = yield* Effect.orDieWith(server, (reason) => new Error(reason))
    return layerPostgres({ url, schema: yield* freshSchema(url) })
  })
)

contract("the journal in PostgreSQL", layer, Either.isLeft(server) ? server.left : undefined)
