/** The transport without descriptors keeps the contract. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { join } from "node:path"
import { messages } from "../../src/transport/messages.ts"
import { makeRecorder, socketFolder } from "./kit.ts"
import { contractOf } from "./transports.ts"

contractOf("messages", messages)

it.scoped("descriptors are refused, not dropped", () =>
  Effect.gen(function* () {
    const path = join(yield* socketFolder, "device.sock")
    yield* messages.listen(path, makeRecorder().accept)
    const connection = yield* messages.connect(path, makeRecorder().accept)
    assert.isFalse(connection.passesDescriptors)
    assert.throws(() => connection.send(new Uint8Array(1), [0]), "passes no descriptors")
  })
)
