/** The transport with descriptors keeps the contract. */
import { Effect } from "effect"
import { loadLibc } from "../../src/transport/Libc.ts"
import { descriptorsThrough } from "../../src/transport/descriptors.ts"
import { contractOf } from "./transports.ts"

contractOf("descriptors", descriptorsThrough(await Effect.runPromise(loadLibc)))
