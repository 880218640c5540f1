/** Shows what is below it to who is signed in, and asks everybody else for a token. */
import { type ReactNode, useEffect } from "react"
import { useStore } from "../store/useStore.ts"
import { Failure } from "../ui/Failure.tsx"
import { Loading } from "../ui/Loading.tsx"
import type { Auth } from "./Auth.ts"
import { SessionContext } from "./context.ts"
import { SignIn } from "./SignIn.tsx"

export const Gate = ({ auth, children }: { readonly auth: Auth; readonly children: ReactNode }) => {
  const state = useStore(auth.state)
  useEffect(() => void auth.begin(), [auth])
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
        </main>
      )
    case "SignedOut":
      return <SignIn auth={auth} problem={state.problem} />
    case "SignedIn":
      return <SessionContext value={{ auth, session: state.session }}>{children}</SessionContext>
  }
}
