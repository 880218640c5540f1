/** Shows what is below it to who is signed in, and asks everybody else for a token. */
import { type ReactNode, useEffect } from "react"
import { Link } from "wouter"
import { useStore } from "../store/useStore.ts"
import { Failure } from "../ui/Failure.tsx"
import { Loading } from "../ui/Loading.tsx"
import type { Auth } from "./Auth.ts"
import { SessionContext } from "./context.ts"
import { SignIn } from "./SignIn.tsx"

interface GateProps {
  readonly auth: Auth
  readonly children: ReactNode
  /** What can be used without a coordinator; undefined: nothing of it is at this address. */
  readonly offline?: ReactNode
}

/** The way to what needs no coordinator. */
const OfflineWay = () => (
  <p>
    <Link href="/travel">Open a bundle without a coordinator</Link>
  </p>
)

export const Gate = ({ auth, children, offline }: GateProps) => {
  const state = useStore(auth.state)
  useEffect(() => void auth.begin(), [auth])
  if (offline !== undefined && (state._tag === "Failed" || state._tag === "SignedOut")) return offline
  switch (state._tag) {
    case "Asking":
      return (
        <main className="gate">
          <title>Stopcopy</title>
          <Loading what="the coordinator" />
        </main>
      )
    case "Failed":
      return (
        <main className="gate">
          <title>Stopcopy</title>
          <Failure problem={state.problem} onRetry={() => void auth.again()} />
          <OfflineWay />
        </main>
      )
    case "SignedOut":
      return <SignIn auth={auth} problem={state.problem} />
    case "SignedIn":
      return <SessionContext value={{ auth, session: state.session }}>{children}</SessionContext>
  }
}
