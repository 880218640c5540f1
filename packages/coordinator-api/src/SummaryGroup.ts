/** The endpoint of the summary. */
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "@effect/platform"
import { ReadAccess } from "./Access.ts"
import { Summary } from "./Summary.ts"

const show = HttpApiEndpoint.get("show", "/summary")
  .addSuccess(Summary)
  .annotate(OpenApi.Summary, "Tell how migrations went")
  .annotate(
    OpenApi.Description,
    "Counts by outcome, downtimes, reasons and what ended over time, of the migrations that the fleet remembers."
  )
  .middleware(ReadAccess)

export const summary = HttpApiGroup.make("summary").add(show).annotate(OpenApi.Description, "How migrations went")
