/** The HTTP API of the coordinator, shared by the service, its clients and the OpenAPI document. No handlers here. */
import { HttpApi, OpenApi } from "@effect/platform"
import { caller } from "./CallerGroup.ts"
import {
  Broken,
  Forbidden,
  InvalidRequest,
  TooLarge,
  TooManyRequests,
  Unavailable,
  UnsupportedMediaType
} from "./Errors.ts"
import { evacuations } from "./EvacuationsGroup.ts"
import { events } from "./EventsGroup.ts"
import { hosts } from "./HostsGroup.ts"
import { migrations, preflight } from "./MigrationsGroup.ts"
import { policy } from "./PolicyGroup.ts"
import { summary } from "./SummaryGroup.ts"
import { groups, vfs } from "./VfsGroup.ts"

/** Where the API begins. The number rises with a change that an older client would misread. */
export const apiPrefix = "/api/v1"

const description =
  "Live migration of VFIO devices: hosts, VFs, preflights, migrations, evacuations, and everything that happens as server-sent events. " +
  "Every error has a stable `code`, a `message` for people, and `refusals`: each rule that said no, with both values and a remedy."

export class CoordinatorApi extends HttpApi.make("coordinator")
  .add(caller)
  .add(hosts)
  .add(vfs)
  .add(groups)
  .add(preflight)
  .add(migrations)
  .add(evacuations)
  .add(policy)
  .add(summary)
  .add(events)
  .addError(InvalidRequest)
  .addError(Forbidden)
  .addError(TooLarge)
  .addError(UnsupportedMediaType)
  .addError(TooManyRequests)
  .addError(Broken)
  .addError(Unavailable)
  .prefix(apiPrefix)
  .annotate(OpenApi.Title, "Stopcopy coordinator")
  .annotate(OpenApi.Version, "1")
  .annotate(OpenApi.License, { name: "Apache-2.0" })
  .annotate(OpenApi.Description, description) {}
