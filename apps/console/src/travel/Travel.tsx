/** A journey: the timeline above, below it the events, the states at the cursor, and what is asked of them. */
import { useEffect } from "react"
import { Tabs } from "../ui/Tabs.tsx"
import { BlockPanel } from "./BlockPanel.tsx"
import { CausesPanel } from "./CausesPanel.tsx"
import { ChangesPanel } from "./ChangesPanel.tsx"
import { TravellingContext, useTravelling, useView } from "./context.ts"
import { EventList } from "./EventList.tsx"
import { EventPanel } from "./EventPanel.tsx"
import { FieldPanel } from "./FieldPanel.tsx"
import { FilterBar } from "./FilterBar.tsx"
import { Notes } from "./Notes.tsx"
import { Scrubber } from "./Scrubber.tsx"
import { StatePanel } from "./StatePanel.tsx"
import { Transport } from "./Transport.tsx"
import type { Travelling } from "./Travelling.ts"
import { panels } from "./View.ts"

const tabs = [
  { id: "changes", title: "Changes", panel: () => <ChangesPanel /> },
  { id: "event", title: "Event", panel: () => <EventPanel /> },
  { id: "causes", title: "Causes", panel: () => <CausesPanel /> },
  { id: "field", title: "Field", panel: () => <FieldPanel /> },
  { id: "block", title: "Block", panel: () => <BlockPanel /> }
] as const

const Questions = () => {
  const travelling = useTravelling()
  const { panel } = useView()
  return (
    <section className="travel-panel travel-questions" aria-label="Questions">
      <Tabs
        label="Questions"
        tabs={tabs}
        chosen={panel}
        onChoose={(id) => travelling.jump({ panel: panels.find((each) => each === id) ?? "changes" })}
      />
    </section>
  )
}

export const Travel = ({ travelling }: { readonly travelling: Travelling }) => {
  useEffect(() => travelling.begin(), [travelling])
  return (
    <TravellingContext value={travelling}>
      <div className="travel">
        <Notes journey={travelling.journey} />
        <section className="travel-panel travel-timeline" aria-label="Timeline">
          <Scrubber />
          <Transport />
        </section>
        <div className="travel-columns">
          <section className="travel-panel travel-events" aria-label="Events">
            <FilterBar />
            <EventList />
          </section>
          <StatePanel />
          <Questions />
        </div>
      </div>
    </TravellingContext>
  )
}
