/** What this session may do, and the reason when it may not: nothing that would be refused looks as if it could be done. */
import { useSession } from "./context.ts"

/** Why nothing can be changed; undefined: it can. */
export const useReadOnly = (): string | undefined => {
  const { caller } = useSession()
  return caller.role === "operate" ? undefined : `the token of ${caller.name} may only read`
}
