/** The port to the fleet: hosts, VFs, groups, evacuations and the policy, in terms of the API. Whoever is behind it keeps durably what it answers. */
import type {
  Compatibility,
  Conflict,
  DefineGroup,
  Evacuation,
  EvacuationPlan,
  EvacuationPlanRequest,
  EvacuationRequest,
  Group,
  Health,
  Host,
  HostOrPf,
  HostSummary,
  NotFound,
  PfSummary,
  Placement,
  PlacementQuery,
  Policy,
  Refused,
  RegisterHost,
  Vf,
  VfFilter
} from "@stopcopy/coordinator-api"
import { Context, type Effect } from "effect"
import type { Common } from "./Common.ts"

export interface FleetService {
  readonly hosts: Effect.Effect<ReadonlyArray<HostSummary>, Common>
  readonly pfs: Effect.Effect<ReadonlyArray<PfSummary>, Common>
  /** Asks the agent first; the same host at the same address again changes nothing. */
  readonly register: (host: RegisterHost) => Effect.Effect<Host, Conflict | Refused | Common>
  readonly host: (name: string) => Effect.Effect<Host, NotFound | Common>
  readonly remove: (name: string) => Effect.Effect<void, NotFound | Conflict | Common>
  /** Asks the agent now. */
  readonly health: (name: string) => Effect.Effect<Health, NotFound | Common>
  readonly cordon: (place: HostOrPf, reason: string) => Effect.Effect<Host, NotFound | Common>
  readonly uncordon: (place: HostOrPf) => Effect.Effect<Host, NotFound | Conflict | Common>
  readonly vfs: (filter: VfFilter) => Effect.Effect<ReadonlyArray<Vf>, Common>
  readonly placements: (query: PlacementQuery) => Effect.Effect<ReadonlyArray<Placement>, NotFound | Refused | Common>
  readonly compatibility: (host: string) => Effect.Effect<ReadonlyArray<Compatibility>, NotFound | Common>
  readonly groups: Effect.Effect<ReadonlyArray<Group>, Common>
  readonly define: (name: string, group: DefineGroup) => Effect.Effect<Group, NotFound | Conflict | Refused | Common>
  readonly forget: (name: string) => Effect.Effect<void, NotFound | Conflict | Common>
  readonly plan: (place: EvacuationPlanRequest) => Effect.Effect<EvacuationPlan, NotFound | Common>
  /** The same id again is the evacuation that it stands for. */
  readonly evacuate: (
    id: string,
    place: EvacuationRequest
  ) => Effect.Effect<Evacuation, NotFound | Conflict | Refused | Common>
  /** The newest first. */
  readonly evacuations: Effect.Effect<ReadonlyArray<Evacuation>, Common>
  readonly evacuation: (id: string) => Effect.Effect<Evacuation, NotFound | Common>
  readonly cancelEvacuation: (id: string) => Effect.Effect<Evacuation, NotFound | Conflict | Common>
  readonly policy: Effect.Effect<Policy, Common>
  readonly setPolicy: (policy: Policy) => Effect.Effect<Policy, Refused | Common>
}

export class Fleet extends Context.Tag("@stopcopy/coordinator/Fleet")<Fleet, FleetService>() {}
