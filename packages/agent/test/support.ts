/** Hosts served on UNIX sockets in a folder of their own, and clients of them, until the test ends. */
import { Effect, Option } from "effect"
import { type Epochs, Host } from "@stopcopy/agent"
import { type AgentClient, type Address, makeClient } from "@stopcopy/agent/client"
import { serve, type ServeOptions } from "@stopcopy/agent/server"
import { makeMemoryHost, type MemoryDevice, type MemoryHost, type MemoryHostOptions } from "@stopcopy/agent/testing"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** The device that the tests use unless they need two. */
export const vf = "pf0/vf1"

/** A folder until the scope closes. */
export const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "stopcopy-agent-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true }))
)

/** A host that is served, and a client of it. */
export interface Side extends MemoryHost {
  readonly address: Address
  readonly agent: AgentClient
  /** The device `vf`. */
  readonly device: MemoryDevice
}

/** Serves a host and connects to it. */
export const serveHost = (options: MemoryHostOptions, serving: Partial<ServeOptions> = {}) =>
  Effect.gen(function* () {
    const made = yield* makeMemoryHost(options)
    const path = join(yield* folder, "agent.sock")
    const address = yield* serve({ address: { _tag: "Unix", path }, ...serving }).pipe(
      Effect.provideService(Host, made.host)
    )
    const agent = yield* makeClient({ address, ...(serving.token === undefined ? {} : { token: serving.token }) })
    const device = Option.getOrThrow(Option.fromNullable(made.devices.get(vf)))
    const side: Side = { ...made, address, agent, device }
    return side
  })

/** The epoch that a device has when nothing was recorded. */
export const born: Epochs.Epoch = 0
