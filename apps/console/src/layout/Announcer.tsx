/** The region that a screen reader reads from; see `announce`. */
import { useStore } from "../store/useStore.ts"
import { announced } from "./announce.ts"

export const Announcer = () => {
  const { count, text } = useStore(announced)
  return (
    <div className="unseen" role="status" aria-live="polite" aria-atomic="true">
      <span key={count}>{text}</span>
    </div>
  )
}
