/** A host in the list of the fleet: whether it answers, whether it is kept free, what can be done with it. */
import type { HostSummary, PfSummary } from "@stopcopy/coordinator-api"
import { healthTone } from "../../text/tones.ts"
import { plural } from "../../text/units.ts"
import { Badge } from "../../ui/Badge.tsx"
import { CordonState, PlaceActions } from "./PlaceActions.tsx"

export const HostHeading = ({ host }: { readonly host: HostSummary }) => {
  const { address, cordon, health, name, pfs, vfs } = host
  return (
    <>
      <h2 className="place-name">{name}</h2>
      <Badge tone={healthTone[health.state]}>{health.state}</Badge>
      <CordonState cordon={cordon} />
      <span className="place-more quiet" title={health.reason === "" ? address : health.reason}>
        {health.reason === "" ? `${plural(pfs, "PF")}, ${plural(vfs, "VF")} · ${address}` : health.reason}
      </span>
      <PlaceActions host={name} cordon={cordon} />
    </>
  )
}

const slaText = ({ capabilities: { rateLimiting, slas } }: PfSummary): string =>
  rateLimiting && slas.length > 0 ? ` · ${plural(slas.length, "SLA")}` : ""

export const PfHeading = ({ pf }: { readonly pf: PfSummary }) => {
  const { capabilities, cordon, deviceKind, host, name, vfs } = pf
  const hex = (value: number) => `0x${value.toString(16)}`
  return (
    <>
      <h3 className="place-name place-pf">{name}</h3>
      <CordonState cordon={cordon} />
      <span className="place-more quiet" title="capabilities, services of ring pairs">
        {deviceKind} · {plural(vfs, "VF")} · capabilities {hex(capabilities.gencap)} · services{" "}
        {hex(capabilities.svcmap)}
        {slaText(pf)}
      </span>
      <PlaceActions host={host} pf={name} cordon={cordon} />
    </>
  )
}
