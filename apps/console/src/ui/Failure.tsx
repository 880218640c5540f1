/** Something could not be had or done: what, why, by which rules, and a way to try again. */
import type { Problem } from "../session/Problem.ts"
import { Button } from "./Button.tsx"
import { Refusals } from "./Refusals.tsx"

export const Failure = ({ onRetry, problem }: { readonly problem: Problem; readonly onRetry?: () => void }) => (
  <div className="note note-failure" role="alert">
    <p className="note-title">{problem.title}</p>
    {problem.refusals.length > 0 ? <Refusals refusals={problem.refusals} /> : <p>{problem.message}</p>}
    <p className="quiet">
      <code>{problem.code}</code>
    </p>
    {onRetry !== undefined && <Button onPress={onRetry}>Try again</Button>}
  </div>
)
