/** The session of the page, for every component below the gate. */
import { createContext, useContext } from "react"
import type { Auth } from "./Auth.ts"
import type { Session } from "./Session.ts"

interface Signed {
  readonly auth: Auth
  readonly session: Session
}

export const SessionContext = createContext<Signed | undefined>(undefined)

const useSigned = (): Signed => {
  const signed = useContext(SessionContext)
  if (signed === undefined) throw new Error("there is no session above this component")
  return signed
}

/** Calls, events and data of the coordinator. */
export const useSession = (): Session => useSigned().session

export const useAuth = (): Auth => useSigned().auth
