/** What a resource has, or why not: loading, failed, or there; and when it is there and could not be read again, both. */
import type { ReactNode } from "react"
import type { Resource } from "../live/Resource.ts"
import { useStore } from "../store/useStore.ts"
import { Failure } from "./Failure.tsx"
import { Loading } from "./Loading.tsx"

interface ShownProps<A> {
  readonly of: Resource<A>
  /** What it is, as in `Reading hosts`. */
  readonly what: string
  readonly children: (value: A) => ReactNode
}

export const Shown = <A,>({ children, of, what }: ShownProps<A>) => {
  const loaded = useStore(of)
  switch (loaded._tag) {
    case "Loading":
      return <Loading what={what} />
    case "Failed":
      return <Failure problem={loaded.problem} onRetry={() => of.invalidate()} />
    case "Ready":
      return (
        <>
          {loaded.problem !== undefined && (
            <p className="note note-stale" role="status">
              What follows is as it was: {loaded.problem.message}
            </p>
          )}
          {children(loaded.value)}
        </>
      )
  }
}
