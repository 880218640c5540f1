/** The handler that says who calls. */
import { HttpApiBuilder } from "@effect/platform"
import { Caller, CoordinatorApi } from "@stopcopy/coordinator-api"

export const callerHandlers = HttpApiBuilder.group(CoordinatorApi, "caller", (handlers) =>
  handlers.handle("show", () => Caller)
)
