/** Keeps what breaks below it to itself: the rest of the page goes on, and says what is missing. */
import { Component, type ReactNode } from "react"
import { Failure } from "./Failure.tsx"

interface BoundaryProps {
  /** What is below it, as in `The chart broke`. */
  readonly what: string
  readonly children: ReactNode
}

interface BoundaryState {
  readonly message: string | undefined
}

export class Boundary extends Component<BoundaryProps, BoundaryState> {
  static readonly getDerivedStateFromError = (thrown: unknown): BoundaryState => ({
    message: thrown instanceof Error ? thrown.message : String(thrown)
  })

  override readonly state: BoundaryState = { message: undefined }

  override render(): ReactNode {
    const { children, what } = this.props
    const { message } = this.state
    if (message === undefined) return children
    const problem = { title: `${what} broke`, message, code: "console.broken", refusals: [] }
    return <Failure problem={problem} onRetry={() => this.setState({ message: undefined })} />
  }
}
