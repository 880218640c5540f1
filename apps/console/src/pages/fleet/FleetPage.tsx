/** The fleet: what is there, what could move where, what is being emptied. */
import { Page } from "../../layout/Page.tsx"
import { Tabs } from "../../ui/Tabs.tsx"
import { Compatibility } from "./Compatibility.tsx"
import { Evacuations } from "./Evacuations.tsx"
import { Hosts } from "./Hosts.tsx"

export const FleetPage = () => (
  <Page title="Fleet">
    <Tabs
      label="Views of the fleet"
      tabs={[
        { id: "hosts", title: "Hosts and VFs", panel: () => <Hosts /> },
        { id: "compatibility", title: "What could move where", panel: () => <Compatibility /> },
        { id: "evacuations", title: "Evacuations", panel: () => <Evacuations /> }
      ]}
    />
  </Page>
)
