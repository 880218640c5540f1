/** What somebody may look at and try once the fleet is there. Pure. */
import { columns } from "../Columns.ts"
import type { Guest } from "../world/Guest.ts"
import type { Data } from "./Data.ts"

interface InvitationOptions {
  readonly url: string
  /** How this program was called. */
  readonly program: string
  readonly data: Pick<Data, "folder" | "stays">
  readonly guests: ReadonlyArray<{ readonly place: Pick<Guest["place"], "host" | "device"> }>
  /** Whether the coordinator serves something at its root. */
  readonly hasConsole: boolean
}

const lookLines = ({ data, hasConsole, url }: InvitationOptions): ReadonlyArray<string> =>
  columns([
    ...(hasConsole ? [["  console", `${url}/`]] : []),
    ["  API", `${url}/docs`],
    ["  events", `${url}/api/v1/events?after=0`],
    ["  metrics", `${url}/metrics`],
    [
      "  journals",
      data.stays ? `${data.folder}, which stays` : `${data.folder}, gone when this ends; --data DIR keeps them`
    ]
  ])

/** Somebody who can be moved, and where to. */
const exampleOf = ({ guests }: InvitationOptions) => {
  const { device, host } = (guests.find(({ place }) => place.host === "alpha") ?? guests[0])?.place ?? {}
  return { vf: `${host}/${device}`, host, other: host === "alpha" ? "beta" : "alpha" }
}

/** The addresses, and commands to try. */
export const invitation = (options: InvitationOptions): ReadonlyArray<string> => {
  const { program, url } = options
  const { host, other, vf } = exampleOf(options)
  const tries = [
    ["stopcopy list", "what has happened"],
    ["stopcopy vf list", "who is where"],
    [`stopcopy migrate ${vf} --to ${other}`, "a live migration"],
    [`stopcopy preflight ${vf} --to beta/b/vf0`, "what speaks against one"],
    [`stopcopy evacuate ${host}`, "a plan; with --yes its execution"],
    ["stopcopy watch", "everything that happens, until Ctrl-C"],
    [`stopcopy replay ${options.data.folder}/alpha.db --type ArcTaken`, "what a host has recorded"]
  ]
  const alias = program === "stopcopy" ? [] : [`alias stopcopy='${program}'`]
  return [
    "",
    "Look at",
    ...lookLines(options),
    "",
    "Try, in another terminal in this folder",
    ...[`export STOPCOPY_COORDINATOR=${url}`, ...alias].map((line) => `  ${line}`),
    ...columns(tries.map(([command = "", what = ""]) => [`  ${command}`, `# ${what}`])),
    "",
    "Ctrl-C ends all of it."
  ]
}
