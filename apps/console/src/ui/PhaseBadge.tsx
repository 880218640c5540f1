/** The phase of a migration; one in doubt says so. */
import type { MigrationSummary } from "@stopcopy/coordinator-api"
import { phaseTone } from "../text/tones.ts"
import { Badge } from "./Badge.tsx"

export const PhaseBadge = ({ inDoubt, phase }: Pick<MigrationSummary, "inDoubt" | "phase">) => (
  <>
    <Badge tone={phaseTone(phase)}>{phase}</Badge>
    {inDoubt && <Badge tone="bad">in doubt</Badge>}
  </>
)
