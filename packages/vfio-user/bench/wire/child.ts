/** The other process: the same script with arguments, which serves on a socket until it is killed. */
import { Server } from "@stopcopy/vfio-user"
import { Transport } from "@stopcopy/vfio-user/transport"
import { Effect, type Scope } from "effect"
import { spawn } from "node:child_process"
import { echo } from "./echo.ts"
import { device } from "./device.ts"

export type Served = "echo" | "device"
export type Way = "messages" | "descriptors"

export const transportOf = (way: Way) =>
  way === "messages" ? Effect.succeed(Transport.messages) : Transport.descriptors

/** What the child runs. */
export const serve = (served: Served, way: Way, path: string) =>
  Effect.scoped(
    Effect.gen(function* () {
      const transport = yield* transportOf(way)
      const accept = served === "echo" ? echo : (yield* Server.serve(device)).accept
      yield* transport.listen(path, accept)
      process.stdout.write("listening\n")
      yield* Effect.never
    })
  )

/** Starts the child; it listens on `path`. */
export const start = (served: Served, way: Way, path: string): Effect.Effect<void, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<ReturnType<typeof spawn>>((resume) => {
      const script = process.argv[1] ?? ""
      const child = spawn(process.execPath, [script, served, way, path], { stdio: ["ignore", "pipe", "inherit"] })
      child.stdout.once("data", () => resume(Effect.succeed(child)))
    }),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
