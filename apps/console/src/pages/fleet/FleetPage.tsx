/** Fleet. */
import { Page } from "../../layout/Page.tsx"
import { useSession } from "../../session/context.ts"
import { Shown } from "../../ui/Shown.tsx"

export const FleetPage = () => {
  const { resources } = useSession()
  return (
    <Page title="Fleet">
      <Shown of={resources.hosts} what="hosts">
        {(hosts) => <p>{hosts.length} hosts</p>}
      </Shown>
    </Page>
  )
}
