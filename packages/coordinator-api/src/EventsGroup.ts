/** The endpoint of events: server-sent events of everything that the journal takes. */
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "@effect/platform"
import { Schema } from "effect"
import { ReadAccess } from "./Access.ts"
import { EventFilter, Sequence } from "./Event.ts"
import { optional } from "./Values.ts"

/** The header by which a browser resumes. */
export const lastEventHeader = "last-event-id"

const Text = HttpApiSchema.Text({ contentType: "text/event-stream" }).annotations({
  description:
    "Messages `event` with an Event as data, and `position` when there was none for a while; `id` is the sequence"
})

const follow = HttpApiEndpoint.get("follow", "/events")
  .setUrlParams(EventFilter)
  .setHeaders(Schema.Struct({ [lastEventHeader]: optional(Sequence) }))
  .addSuccess(Text)
  .annotate(OpenApi.Summary, "Follow what happens")
  .annotate(
    OpenApi.Description,
    "Server-sent events of everything that the journal takes, without gaps or duplicates, resumable by sequence: with `Last-Event-ID`, or `after`."
  )
  .middleware(ReadAccess)

export const events = HttpApiGroup.make("events")
  .add(follow)
  .annotate(OpenApi.Description, "Everything that happens, as it happens")
