/** The other process: the same script with arguments, which serves on a socket until it is killed. */
import { Server } from "@stopcopy/vfio-user"
import { Transport } from "@stopcopy/vfio-user/transport"
import { Effect, type Scope } from "effect"
import { execFileSync, spawn } from "node:child_process"
import { device } from "./device.ts"
import { echo } from "./echo.ts"
import { recordEpochs } from "./epochs.ts"
import { journalOf, qat } from "./qat.ts"

/** `device` answers at once and records nothing; `qat` is the VF that the emulator hosts. */
export type Served = "echo" | "device" | "qat"
export type Way = "messages" | "descriptors"

export const transportOf = (way: Way) =>
  way === "messages" ? Effect.succeed(Transport.messages) : Transport.descriptors

const acceptOf = (served: Served) =>
  Effect.gen(function* () {
    if (served === "echo") return echo
    return (yield* Server.serve(served === "qat" ? yield* qat : device)).accept
  })

/** What the child runs. */
export const serve = (served: Served, way: Way, path: string) =>
  Effect.scoped(
    Effect.gen(function* () {
      const transport = yield* transportOf(way)
      yield* transport.listen(path, yield* acceptOf(served))
      if (served === "qat") yield* recordEpochs(path)
      process.stdout.write("listening\n")
      yield* Effect.never
    })
  ).pipe(Effect.provide(journalOf(path)))

/** Both ends run on one core, as far as the system lets us: then nothing is gained by working at the same time. */
const pin = (pid: number | undefined): void => {
  for (const each of [process.pid, pid]) execFileSync("taskset", ["-acp", "0", `${each}`], { stdio: "ignore" })
}

/** Starts the child; it listens on `path`. */
export const start = (served: Served, way: Way, path: string): Effect.Effect<void, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<ReturnType<typeof spawn>>((resume) => {
      const script = process.argv[1] ?? ""
      const child = spawn(process.execPath, [script, served, way, path], { stdio: ["ignore", "pipe", "inherit"] })
      child.stdout.once("data", () => {
        pin(child.pid)
        resume(Effect.succeed(child))
      })
    }),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
