/** The phases of a migration as a line. */
import type { Migration } from "@stopcopy/coordinator-api"
import { millisText } from "../../text/units.ts"
import { useOverflow } from "../../ui/useOverflow.ts"
import { type PhaseMark, phaseMarks } from "./phases.ts"

const words: Readonly<Record<PhaseMark["state"], string>> = {
  done: "done",
  now: "now",
  later: "not yet",
  skipped: "not reached"
}

const Mark = ({ phase, state, took }: PhaseMark) => (
  <li className={`phase phase-${state} phase-is-${phase}`} aria-current={state === "now" ? "step" : undefined}>
    <span className="phase-dot" aria-hidden="true" />
    <span className="phase-name">{phase}</span>
    <span className="phase-took">{took === undefined ? "" : millisText(took)}</span>
    <span className="unseen">{words[state]}</span>
  </li>
)

/** On a narrow screen it scrolls, also by keyboard. */
export const Phases = ({ migration }: { readonly migration: Migration }) => {
  const { frame, overflows } = useOverflow()
  const stop = overflows ? { role: "region", "aria-label": "Phases, scrolling", tabIndex: 0 } : {}
  return (
    <div ref={frame} className="phases-frame" {...stop}>
      <ol className="phases" aria-label="Phases">
        {phaseMarks(migration).map((mark) => (
          <Mark key={mark.phase} {...mark} />
        ))}
      </ol>
    </div>
  )
}
