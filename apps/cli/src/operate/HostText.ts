/** Hosts with their PFs in words. */
import type { Cordon, Health, Host, HostSummary } from "@stopcopy/coordinator-api"
import { columns } from "../Columns.ts"
import { timeText } from "./Units.ts"

const healthText = ({ reason, sinceAt, state }: Health): string =>
  `${state} since ${timeText(sinceAt)}${reason === "" ? "" : `: ${reason}`}`

/** Why it takes no guest. */
export const cordonText = (cordon: Cordon | null): string => {
  if (cordon === null) return "-"
  const { evacuation, reason, sinceAt } = cordon
  const by = evacuation === null ? "" : ` by ${evacuation}`
  return `since ${timeText(sinceAt)}${by}${reason === "" ? "" : `: ${reason}`}`
}

const hexText = (value: number): string => `0x${value.toString(16)}`

const pfTable = ({ name, pfs }: Host): ReadonlyArray<string> =>
  pfs.length === 0
    ? []
    : columns(
        [
          ["PF", "kind", "VFs", "in use", "capabilities", "services", "SLAs", "cordon"],
          ...pfs.map((pf) => [
            `${name}/${pf.name}`,
            pf.deviceKind,
            String(pf.vfs.length),
            String(pf.vfs.filter(({ attached }) => attached).length),
            hexText(pf.capabilities.gencap),
            hexText(pf.capabilities.svcmap),
            pf.capabilities.rateLimiting ? String(pf.capabilities.slas.length) : "off",
            cordonText(pf.cordon)
          ])
        ],
        ["left", "left", "right", "right", "right", "right", "right"]
      )

/** Everything but its VFs. */
export const hostLines = (host: Host): ReadonlyArray<string> => [
  host.name,
  ...columns([
    ["  address", host.address],
    ["  health", healthText(host.health)],
    ["  cordon", cordonText(host.cordon)],
    ["  described", host.describedAt === null ? "never" : timeText(host.describedAt)]
  ]),
  ...pfTable(host)
]

/** Why hosts do not answer, a line each: the table has no room for it. */
const reasonLines = (hosts: ReadonlyArray<HostSummary>): ReadonlyArray<string> =>
  hosts.flatMap(({ health, name }) => (health.reason === "" ? [] : [`${name} is ${healthText(health)}`]))

/** A list. */
export const hostTable = (hosts: ReadonlyArray<HostSummary>): ReadonlyArray<string> => [
  ...columns(
    [
      ["host", "health", "PFs", "VFs", "address", "cordon"],
      ...hosts.map(({ address, cordon, health, name, pfs, vfs }) => [
        name,
        health.state,
        String(pfs),
        String(vfs),
        address,
        cordonText(cordon)
      ])
    ],
    ["left", "left", "right", "right"]
  ),
  ...reasonLines(hosts)
]
