/** An address that is no page. */
import { Link } from "wouter"
import { Page } from "../layout/Page.tsx"
import { Empty } from "../ui/Empty.tsx"

export const NotFoundPage = () => (
  <Page title="There is no such page">
    <Empty title="The address leads nowhere">
      <p>
        Go to the <Link href="/">overview</Link>.
      </p>
    </Empty>
  </Page>
)
