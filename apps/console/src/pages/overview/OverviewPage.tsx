/** Overview. */
import { Page } from "../../layout/Page.tsx"
import { useSession } from "../../session/context.ts"
import { Shown } from "../../ui/Shown.tsx"

export const OverviewPage = () => {
  const { resources } = useSession()
  return (
    <Page title="Overview">
      <Shown of={resources.hosts} what="hosts">
        {(hosts) => <p>{hosts.length} hosts</p>}
      </Shown>
    </Page>
  )
}
