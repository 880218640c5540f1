/** What a preflight found: that it fits, and where to, or everything that speaks against it. */
import type { Preflight } from "@stopcopy/coordinator-api"
import type { Loaded } from "../../live/Resource.ts"
import { plural } from "../../text/units.ts"
import { Failure } from "../../ui/Failure.tsx"
import { Loading } from "../../ui/Loading.tsx"
import { Refusals } from "../../ui/Refusals.tsx"

/** Why the migration cannot be started; undefined: it can. */
export const verdictOfPreflight = (preflight: Loaded<Preflight>): string | undefined => {
  if (preflight._tag === "Loading") return "both hosts are asked"
  if (preflight._tag === "Failed") return "the preflight failed"
  const { blockers, fits } = preflight.value
  return fits
    ? undefined
    : `${plural(blockers.length, "rule")} ${blockers.length === 1 ? "speaks" : "speak"} against it`
}

const Found = ({ blockers, fits, moves, to }: Preflight) =>
  fits ? (
    <div className="note note-good" role="status" data-preflight="fits">
      <p className="note-title">It fits: to {to}</p>
      <p className="mono">{moves.map(({ destination, source }) => `${source} → ${destination}`).join(", ")}</p>
    </div>
  ) : (
    <div className="note note-failure" role="status" data-preflight="blocked">
      <p className="note-title">
        It does not fit{to === null ? "" : ` on ${to}`}: {plural(blockers.length, "reason")}
      </p>
      <Refusals refusals={blockers} />
    </div>
  )

export const PreflightView = ({ preflight }: { readonly preflight: Loaded<Preflight> }) => {
  switch (preflight._tag) {
    case "Loading":
      return <Loading what="what both hosts say" />
    case "Failed":
      return <Failure problem={preflight.problem} />
    case "Ready":
      return <Found {...preflight.value} />
  }
}
