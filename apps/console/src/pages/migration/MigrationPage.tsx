/** One migration. */
import { Page } from "../../layout/Page.tsx"

export const MigrationPage = ({ id }: { readonly id: string }) => (
  <Page title={id}>
    <p>{id}</p>
  </Page>
)
