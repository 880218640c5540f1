/** Endpoints of the policy. */
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "@effect/platform"
import { OperateAccess, ReadAccess } from "./Access.ts"
import { Conflict, Refused } from "./Errors.ts"
import { mayHaveKey } from "./IdempotencyKey.ts"
import { Policy } from "./Policy.ts"

const get = HttpApiEndpoint.get("get", "/policy")
  .addSuccess(Policy)
  .annotate(OpenApi.Summary, "Get the policy")
  .middleware(ReadAccess)

const put = HttpApiEndpoint.put("put", "/policy")
  .setPayload(Policy)
  .addSuccess(Policy)
  .addError(Conflict)
  .addError(Refused)
  .annotate(OpenApi.Summary, "Put the policy, whole")
  .annotate(OpenApi.Transform, mayHaveKey)
  .middleware(OperateAccess)

export const policy = HttpApiGroup.make("policy")
  .add(get)
  .add(put)
  .annotate(OpenApi.Description, "Limits, retries, circuit breakers and the downtime limit of the fleet")
