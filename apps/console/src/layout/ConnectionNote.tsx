/** Whether the page is live. While the connection is lost everything stays as it was, and comes back by itself. */
import { useEffect } from "react"
import { useSession } from "../session/context.ts"
import { useStore } from "../store/useStore.ts"
import { clockText } from "../text/units.ts"
import { Button } from "../ui/Button.tsx"
import { announce } from "./announce.ts"

/** In the head of the page, always there. */
export const ConnectionState = () => {
  const connection = useStore(useSession().live.connection)
  const words = { Connecting: "Connecting", Open: "Live", Lost: "Reconnecting" } as const
  return (
    <span className={`connection connection-${connection._tag.toLowerCase()}`} data-connection={connection._tag}>
      <span className="connection-dot" aria-hidden="true" />
      {words[connection._tag]}
    </span>
  )
}

/** Over the page, while there is something to say. */
export const ConnectionNote = () => {
  const { live } = useSession()
  const connection = useStore(live.connection)
  const isLost = connection._tag === "Lost"
  useEffect(() => {
    if (!isLost) return undefined
    announce("The connection to the coordinator is lost. Trying again.")
    return () => announce("The connection is back.")
  }, [isLost])
  if (!isLost) return null
  return (
    <div className="banner">
      <span className="spinner" aria-hidden="true" />
      <p>
        <strong>Reconnecting.</strong> What you see is as it was at {clockText(connection.since)}: {connection.reason}.
      </p>
      <Button onPress={() => live.start()}>Try now</Button>
    </div>
  )
}
