/** Asks for a token. It is sent to the coordinator alone, and kept for this tab. */
import { type SubmitEvent, useState } from "react"
import { Button } from "../ui/Button.tsx"
import { Mark } from "../ui/Mark.tsx"
import type { Auth } from "./Auth.ts"
import type { Problem } from "./Problem.ts"

export const SignIn = ({ auth, problem }: { readonly auth: Auth; readonly problem: Problem | undefined }) => {
  const [token, setToken] = useState("")
  const [asking, setAsking] = useState(false)
  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    setAsking(true)
    await auth.signIn(token.trim())
    setAsking(false)
  }
  return (
    <main className="gate">
      <title>Sign in · Stopcopy</title>
      <form className="gate-card" onSubmit={(event) => void submit(event)}>
        <h1 className="gate-title">
          <Mark /> Stopcopy
        </h1>
        <p>This coordinator answers those who have a token. Its operator keeps them in the files of its settings.</p>
        <label className="field">
          <span>Token</span>
          <input
            type="password"
            autoComplete="off"
            autoFocus
            required
            value={token}
            aria-describedby="sign-in-problem"
            onChange={(event) => setToken(event.target.value)}
          />
        </label>
        <p id="sign-in-problem" role="alert" className="gate-problem">
          {problem === undefined ? "" : `${problem.title}: ${problem.message}`}
        </p>
        <Button kind="primary" type="submit" disabledBecause={asking ? "asking the coordinator" : undefined}>
          Sign in
        </Button>
        <p className="quiet">It is kept for this tab, until you sign out or close it.</p>
      </form>
    </main>
  )
}
