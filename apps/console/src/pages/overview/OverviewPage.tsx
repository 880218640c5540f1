/** The overview: how migrations go, at a glance. */
import { Link } from "wouter"
import { Page } from "../../layout/Page.tsx"
import { useSession } from "../../session/context.ts"
import { useStore } from "../../store/useStore.ts"
import { Empty } from "../../ui/Empty.tsx"
import { Shown } from "../../ui/Shown.tsx"
import { Downtimes } from "./Downtimes.tsx"
import { OverTime } from "./OverTime.tsx"
import { Reasons } from "./Reasons.tsx"
import { Tiles } from "./Tiles.tsx"
import { UnderWay } from "./UnderWay.tsx"

/** What to do first where nothing was done yet. */
const FirstSteps = () => {
  const hosts = useStore(useSession().resources.hosts)
  if (hosts._tag !== "Ready" || hosts.value.length >= 2) return null
  return (
    <Empty
      title={hosts.value.length === 0 ? "No host is registered yet" : "One host alone: there is nowhere to move to"}
    >
      <p>
        Register hosts with <code>stopcopy host add NAME ADDRESS</code>, then go to the <Link href="/fleet">fleet</Link>
        .
      </p>
    </Empty>
  )
}

export const OverviewPage = () => {
  const { resources } = useSession()
  return (
    <Page title="Overview">
      <FirstSteps />
      <Shown of={resources.summary} what="the summary">
        {(summary) => (
          <>
            <Tiles summary={summary} />
            <div className="columns">
              <Downtimes summary={summary} />
              {summary.periods.length > 0 && <OverTime summary={summary} />}
            </div>
          </>
        )}
      </Shown>
      <UnderWay />
      <Shown of={resources.summary} what="reasons">
        {(summary) => <Reasons summary={summary} />}
      </Shown>
    </Page>
  )
}
