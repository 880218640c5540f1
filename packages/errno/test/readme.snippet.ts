/** The example of this package's README. */
// region readme
import { type EAGAIN, EINVAL, fromNumber } from "@stopcopy/errno"
import { Effect, Option } from "effect"

// A signature says exactly what can happen, and the reason travels with the error.
const load = (service: number): Effect.Effect<number, EINVAL | EAGAIN> =>
  service < 4
    ? Effect.succeed(service)
    : new EINVAL({
        refusal: {
          code: "example.service",
          rule: "an SLA names a known service",
          where: "SLA 0",
          source: `${service}`,
          destination: "0..3",
          remedy: "use 0 asym, 1 sym, 2 compression or 3 decompression"
        }
      })

export const told = load(9).pipe(
  Effect.map((service) => `service ${service}`),
  Effect.catchTag("EINVAL", (error) => Effect.succeed(`${-error.errno} ${error.message}`))
)

// A number from a wire becomes the error of that number, or none.
export const fromWire = Option.map(fromNumber(11), (error) => error._tag)
// endregion
