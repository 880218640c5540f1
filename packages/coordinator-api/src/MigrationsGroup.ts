/** Endpoints of migrations: the question before one, and its life. */
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "@effect/platform"
import { OperateAccess, ReadAccess } from "./Access.ts"
import { Conflict, NotFound, Refused } from "./Errors.ts"
import { IdempotencyHeaders, mayHaveKey } from "./IdempotencyKey.ts"
import {
  CancelRequest,
  Migration,
  MigrationRequest,
  Preflight,
  PreflightRequest,
  RedirectRequest,
  ResolveRequest
} from "./Migration.ts"
import { bundle } from "./MigrationBundle.ts"
import { MigrationFilter, MigrationPage } from "./Page.ts"
import { MigrationId, inPath } from "./Values.ts"

const id = HttpApiSchema.param("id", inPath(MigrationId))

const check = HttpApiEndpoint.post("check", "/preflight")
  .setPayload(PreflightRequest)
  .addSuccess(Preflight)
  .addError(NotFound)
  .annotate(OpenApi.Summary, "Tell what speaks against a migration")
  .annotate(OpenApi.Description, "Asks both hosts afresh and names every blocker at once. Changes nothing.")
  .middleware(ReadAccess)

export const preflight = HttpApiGroup.make("preflight")
  .add(check)
  .annotate(OpenApi.Description, "The question before a migration")

const start = HttpApiEndpoint.post("start", "/migrations")
  .setHeaders(IdempotencyHeaders)
  .setPayload(MigrationRequest)
  .addSuccess(Migration, { status: 202 })
  .addError(NotFound)
  .addError(Conflict)
  .addError(Refused)
  .annotate(OpenApi.Summary, "Start a migration")
  .annotate(OpenApi.Description, "Queues it durably. It starts when the limits of the policy leave room.")
  .middleware(OperateAccess)

const list = HttpApiEndpoint.get("list", "/migrations")
  .setUrlParams(MigrationFilter)
  .addSuccess(MigrationPage)
  .annotate(OpenApi.Summary, "List migrations, the newest first")
  .middleware(ReadAccess)

const show = HttpApiEndpoint.get("show")`/migrations/${id}`
  .addSuccess(Migration)
  .addError(NotFound)
  .annotate(OpenApi.Summary, "Show a migration")
  .annotate(
    OpenApi.Description,
    "Phase, steps, blockers, bytes, forecast, downtime by cause, verdict, and what an operator may do."
  )
  .middleware(ReadAccess)

const cancel = HttpApiEndpoint.post("cancel")`/migrations/${id}/cancel`
  .setPayload(CancelRequest)
  .addSuccess(Migration)
  .addError(NotFound)
  .addError(Conflict)
  .annotate(OpenApi.Summary, "Cancel a migration")
  .annotate(
    OpenApi.Description,
    "The guest goes on at the source. Refused behind the commit: then there is no way back. Cancelling again is the same answer."
  )
  .annotate(OpenApi.Transform, mayHaveKey)
  .middleware(OperateAccess)

const redirect = HttpApiEndpoint.post("redirect")`/migrations/${id}/redirect`
  .setPayload(RedirectRequest)
  .addSuccess(Migration)
  .addError(NotFound)
  .addError(Conflict)
  .addError(Refused)
  .annotate(OpenApi.Summary, "Choose another destination for a migration that waits")
  .annotate(
    OpenApi.Description,
    "For one whose destination is gone, cordoned or paused. It keeps its place in the queue. Refused while it runs: cancel it first."
  )
  .annotate(OpenApi.Transform, mayHaveKey)
  .middleware(OperateAccess)

const resolve = HttpApiEndpoint.post("resolve")`/migrations/${id}/resolve`
  .setPayload(ResolveRequest)
  .addSuccess(Migration)
  .addError(NotFound)
  .addError(Conflict)
  .annotate(OpenApi.Summary, "Say which side has the guest of a migration in doubt")
  .annotate(
    OpenApi.Description,
    "`resolutions` of the migration has what is possible now, each with its consequences. `accepting` repeats these word for word: who resolves has read what " +
      "they vouch for, and nothing has changed since."
  )
  .annotate(OpenApi.Transform, mayHaveKey)
  .middleware(OperateAccess)

export const migrations = HttpApiGroup.make("migrations")
  .add(start)
  .add(list)
  .add(show)
  .add(cancel)
  .add(redirect)
  .add(resolve)
  .add(bundle)
  .annotate(OpenApi.Description, "Moving all VFs of one virtual machine to another host")
