/** Endpoints of hosts: registering, looking, keeping free. */
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "@effect/platform"
import { Schema } from "effect"
import { OperateAccess, ReadAccess } from "./Access.ts"
import { Conflict, NotFound, Refused } from "./Errors.ts"
import { CordonRequest, Health, Host, HostSummary, PfSummary, RegisterHost } from "./Host.ts"
import { mayHaveKey } from "./IdempotencyKey.ts"
import { HostName, PfName } from "./Values.ts"

const host = HttpApiSchema.param("host", HostName)
const pf = HttpApiSchema.param("pf", PfName)

const list = HttpApiEndpoint.get("list", "/hosts")
  .addSuccess(Schema.Array(HostSummary))
  .annotate(OpenApi.Summary, "List hosts")
  .middleware(ReadAccess)

const pfs = HttpApiEndpoint.get("pfs", "/pfs")
  .addSuccess(Schema.Array(PfSummary))
  .annotate(OpenApi.Summary, "List PFs of the fleet")
  .middleware(ReadAccess)

const register = HttpApiEndpoint.post("register", "/hosts")
  .setPayload(RegisterHost)
  .addSuccess(Host, { status: 201 })
  .addError(Conflict)
  .addError(Refused)
  .annotate(OpenApi.Summary, "Register a host")
  .annotate(
    OpenApi.Description,
    "Asks the agent at the address to describe itself, and keeps the host durably. The same host at the same address again is the same answer."
  )
  .annotate(OpenApi.Transform, mayHaveKey)
  .middleware(OperateAccess)

const describe = HttpApiEndpoint.get("describe")`/hosts/${host}`
  .addSuccess(Host)
  .addError(NotFound)
  .annotate(OpenApi.Summary, "Describe a host with its PFs and VFs")
  .middleware(ReadAccess)

const remove = HttpApiEndpoint.del("remove")`/hosts/${host}`
  .addSuccess(HttpApiSchema.NoContent)
  .addError(NotFound)
  .addError(Conflict)
  .annotate(OpenApi.Summary, "Remove a host")
  .annotate(
    OpenApi.Description,
    "Forgets the host. Refused while a migration or an evacuation uses it; its devices run on."
  )
  .annotate(OpenApi.Transform, mayHaveKey)
  .middleware(OperateAccess)

const health = HttpApiEndpoint.get("health")`/hosts/${host}/health`
  .addSuccess(Health)
  .addError(NotFound)
  .annotate(OpenApi.Summary, "Tell whether a host answers")
  .middleware(ReadAccess)

const cordon = HttpApiEndpoint.post("cordon")`/hosts/${host}/cordon`
  .setPayload(CordonRequest)
  .addSuccess(Host)
  .addError(NotFound)
  .addError(Conflict)
  .annotate(OpenApi.Summary, "Keep a host free of new guests")
  .annotate(OpenApi.Description, "What runs there runs on, and migrations under way go on.")
  .annotate(OpenApi.Transform, mayHaveKey)
  .middleware(OperateAccess)

const uncordon = HttpApiEndpoint.post("uncordon")`/hosts/${host}/uncordon`
  .addSuccess(Host)
  .addError(NotFound)
  .addError(Conflict)
  .annotate(OpenApi.Summary, "Let guests move to a host again")
  .annotate(OpenApi.Transform, mayHaveKey)
  .middleware(OperateAccess)

const cordonPf = HttpApiEndpoint.post("cordonPf")`/hosts/${host}/pfs/${pf}/cordon`
  .setPayload(CordonRequest)
  .addSuccess(Host)
  .addError(NotFound)
  .addError(Conflict)
  .annotate(OpenApi.Summary, "Keep a PF free of new guests")
  .annotate(OpenApi.Transform, mayHaveKey)
  .middleware(OperateAccess)

const uncordonPf = HttpApiEndpoint.post("uncordonPf")`/hosts/${host}/pfs/${pf}/uncordon`
  .addSuccess(Host)
  .addError(NotFound)
  .addError(Conflict)
  .annotate(OpenApi.Summary, "Let guests move to a PF again")
  .annotate(OpenApi.Transform, mayHaveKey)
  .middleware(OperateAccess)

export const hosts = HttpApiGroup.make("hosts")
  .add(list)
  .add(pfs)
  .add(register)
  .add(describe)
  .add(remove)
  .add(health)
  .add(cordon)
  .add(uncordon)
  .add(cordonPf)
  .add(uncordonPf)
  .annotate(OpenApi.Description, "Hosts with their PFs and VFs")
