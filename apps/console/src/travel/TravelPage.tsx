/** Time travel: any past migration, or a bundle that is opened. */
import { useParams } from "wouter"
import { Page } from "../layout/Page.tsx"
import { Empty } from "../ui/Empty.tsx"

export const TravelPage = () => {
  const { migration } = useParams()
  return (
    <Page title="Time travel">
      <Empty title="Time travel is not in this build">
        <p>
          Use <code>stopcopy replay</code> on a journal{migration === undefined ? "" : ` for ${migration}`}.
        </p>
      </Empty>
    </Page>
  )
}
