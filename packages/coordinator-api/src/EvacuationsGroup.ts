/** Endpoints of evacuations. */
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "@effect/platform"
import { Schema } from "effect"
import { OperateAccess, ReadAccess } from "./Access.ts"
import { Conflict, NotFound, Refused } from "./Errors.ts"
import { Evacuation, EvacuationPlan, EvacuationPlanRequest, EvacuationRequest } from "./Evacuation.ts"
import { IdempotencyHeaders, mayHaveKey } from "./IdempotencyKey.ts"
import { EvacuationId, inPath } from "./Values.ts"

const id = HttpApiSchema.param("id", inPath(EvacuationId))

const plan = HttpApiEndpoint.post("plan", "/evacuations/plan")
  .setPayload(EvacuationPlanRequest)
  .addSuccess(EvacuationPlan)
  .addError(NotFound)
  .annotate(OpenApi.Summary, "Tell what an evacuation would do")
  .annotate(
    OpenApi.Description,
    "What moves where, what fits nowhere and why, what would have to stop. Changes nothing."
  )
  .middleware(ReadAccess)

const start = HttpApiEndpoint.post("start", "/evacuations")
  .setHeaders(IdempotencyHeaders)
  .setPayload(EvacuationRequest)
  .addSuccess(Evacuation, { status: 202 })
  .addError(NotFound)
  .addError(Conflict)
  .addError(Refused)
  .annotate(OpenApi.Summary, "Start an evacuation")
  .annotate(OpenApi.Description, "Plans on the fleet as it is now, cordons, and queues everything that can move.")
  .middleware(OperateAccess)

const list = HttpApiEndpoint.get("list", "/evacuations")
  .addSuccess(Schema.Array(Evacuation))
  .annotate(OpenApi.Summary, "List evacuations, the newest first")
  .middleware(ReadAccess)

const show = HttpApiEndpoint.get("show")`/evacuations/${id}`
  .addSuccess(Evacuation)
  .addError(NotFound)
  .annotate(OpenApi.Summary, "Show how far an evacuation is")
  .middleware(ReadAccess)

const cancel = HttpApiEndpoint.post("cancel")`/evacuations/${id}/cancel`
  .addSuccess(Evacuation)
  .addError(NotFound)
  .addError(Conflict)
  .annotate(OpenApi.Summary, "Cancel an evacuation")
  .annotate(OpenApi.Description, "What has moved stays moved; what has not started does not start. The cordon stays.")
  .annotate(OpenApi.Transform, mayHaveKey)
  .middleware(OperateAccess)

export const evacuations = HttpApiGroup.make("evacuations")
  .add(plan)
  .add(start)
  .add(list)
  .add(show)
  .add(cancel)
  .annotate(OpenApi.Description, "Emptying a host or a PF")
