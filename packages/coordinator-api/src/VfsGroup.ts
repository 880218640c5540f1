/** Endpoints of VFs and of the groups that they belong to. */
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "@effect/platform"
import { Schema } from "effect"
import { OperateAccess, ReadAccess } from "./Access.ts"
import { Conflict, NotFound, Refused } from "./Errors.ts"
import { mayHaveKey } from "./IdempotencyKey.ts"
import { GroupName, inPath } from "./Values.ts"
import { Compatibility, CompatibilityQuery, DefineGroup, Group, Placement, PlacementQuery, Vf, VfFilter } from "./Vf.ts"

const group = HttpApiSchema.param("group", inPath(GroupName))

const list = HttpApiEndpoint.get("list", "/vfs")
  .setUrlParams(VfFilter)
  .addSuccess(Schema.Array(Vf))
  .annotate(OpenApi.Summary, "List VFs of the fleet")
  .middleware(ReadAccess)

const placements = HttpApiEndpoint.get("placements", "/vfs/placements")
  .setUrlParams(PlacementQuery)
  .addSuccess(Schema.Array(Placement))
  .addError(NotFound)
  .addError(Refused)
  .annotate(OpenApi.Summary, "Tell where a group could move")
  .annotate(
    OpenApi.Description,
    "One entry for each other host: with no blockers the group fits there, otherwise every reason is named."
  )
  .middleware(ReadAccess)

const compatibility = HttpApiEndpoint.get("compatibility", "/vfs/compatibility")
  .setUrlParams(CompatibilityQuery)
  .addSuccess(Schema.Array(Compatibility))
  .addError(NotFound)
  .annotate(OpenApi.Summary, "Tell where everything on a host could move")
  .annotate(OpenApi.Description, "Placements of every group on the host at once, each as if it moved alone.")
  .middleware(ReadAccess)

export const vfs = HttpApiGroup.make("vfs")
  .add(list)
  .add(placements)
  .add(compatibility)
  .annotate(OpenApi.Description, "VFs, and where each could move")

const listGroups = HttpApiEndpoint.get("list", "/groups")
  .addSuccess(Schema.Array(Group))
  .annotate(OpenApi.Summary, "List groups")
  .middleware(ReadAccess)

const define = HttpApiEndpoint.put("define")`/groups/${group}`
  .setPayload(DefineGroup)
  .addSuccess(Group)
  .addError(NotFound)
  .addError(Conflict)
  .addError(Refused)
  .annotate(OpenApi.Summary, "Say which VFs belong to one virtual machine")
  .annotate(
    OpenApi.Description,
    "They move together, with one commit. A VF of which nobody has said anything is a group of its own."
  )
  .annotate(OpenApi.Transform, mayHaveKey)
  .middleware(OperateAccess)

const remove = HttpApiEndpoint.del("remove")`/groups/${group}`
  .addSuccess(HttpApiSchema.NoContent)
  .addError(NotFound)
  .addError(Conflict)
  .annotate(OpenApi.Summary, "Forget a group")
  .annotate(OpenApi.Transform, mayHaveKey)
  .middleware(OperateAccess)

export const groups = HttpApiGroup.make("groups")
  .add(listGroups)
  .add(define)
  .add(remove)
  .annotate(OpenApi.Description, "All VFs of one virtual machine, by a name")
