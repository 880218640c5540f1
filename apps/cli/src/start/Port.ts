/** The port on which the coordinator listens: the usual one, another one if that is in use, or the one that was asked for. */
import { Effect, Option } from "effect"
import { createServer } from "node:net"
import { Misuse, Negative } from "../Outcome.ts"

export const loopback = "127.0.0.1"
export const usualPort = 7700
const highest = 65_535

/** Whether nobody listens there. Port 0 is always free. */
const isFree = (port: number): Effect.Effect<boolean> =>
  Effect.async((resume) => {
    const server = createServer()
    server.once("error", () => resume(Effect.succeed(false)))
    server.listen(port, loopback, () => server.close(() => resume(Effect.succeed(true))))
  })

const parse = (text: string): Effect.Effect<number, Misuse> =>
  /^\d{1,5}$/.test(text) && Number(text) <= highest
    ? Effect.succeed(Number(text))
    : new Misuse({ message: `--port '${text}' is no port: write a number from 0 to ${highest}; 0: one that is free` })

/** One that was asked for and is in use is a failure; in place of the usual one there is another, 0: the system chooses. */
export const portOf = (wanted: Option.Option<string>): Effect.Effect<number, Misuse | Negative> =>
  Effect.gen(function* () {
    if (Option.isNone(wanted)) return (yield* isFree(usualPort)) ? usualPort : 0
    const port = yield* parse(wanted.value)
    if (yield* isFree(port)) return port
    const remedy = "choose another one, or leave --port out"
    return yield* new Negative({ message: `port ${port} of ${loopback} is in use: ${remedy}` })
  })
