/** What is listed: search, journal, actor, kind, failures, the stretch between the marks. */
import { useStore } from "../store/useStore.ts"
import { Button } from "../ui/Button.tsx"
import { useTravelling, useView } from "./context.ts"
import { isOpen } from "./Filter.ts"

interface ChoiceProps {
  readonly label: string
  readonly all: string
  readonly options: ReadonlyArray<string>
  readonly chosen: number | undefined
  readonly onChoose: (chosen: number | undefined) => void
}

const Choice = ({ all, chosen, label, onChoose, options }: ChoiceProps) => (
  <label className="travel-choice">
    <span className="unseen">{label}</span>
    <select
      value={chosen ?? ""}
      onChange={({ currentTarget: { value } }) => onChoose(value === "" ? undefined : Number(value))}
    >
      <option value="">{all}</option>
      {options.map((option, index) => (
        <option key={option} value={index}>
          {option}
        </option>
      ))}
    </select>
  </label>
)

const Stretch = () => {
  const travelling = useTravelling()
  const { filter, markA, markB } = useView()
  const isSet = filter.from !== undefined || filter.to !== undefined
  const lacking = markA === undefined || markB === undefined ? "set mark A and mark B first" : undefined
  return (
    <Button
      kind="quiet"
      pressed={isSet}
      disabledBecause={isSet ? undefined : lacking}
      onPress={() => travelling.filter(isSet ? { from: undefined, to: undefined } : { from: markA, to: markB })}
    >
      A to B
    </Button>
  )
}

export const FilterBar = () => {
  const travelling = useTravelling()
  const { filter } = useView()
  const { isSearching, places } = useStore(travelling.listed)
  const { actors, count, sources, types } = travelling.journey.chronicle
  return (
    <search className="travel-filter" aria-label="Which events are listed">
      <input
        type="search"
        className="travel-search"
        aria-label="Search in streams, kinds and payloads"
        placeholder="Search events"
        value={filter.text}
        onChange={({ currentTarget: { value } }) => travelling.typing(value)}
      />
      <div className="travel-choices">
        <Choice
          label="Journal"
          all="All journals"
          options={sources.map(({ label }) => label)}
          chosen={filter.source}
          onChoose={(source) => travelling.filter({ source })}
        />
        <Choice
          label="Actor"
          all="All actors"
          options={actors.map(({ source, stream }) => `${sources[source]?.label ?? ""} ${stream}`)}
          chosen={filter.actor}
          onChoose={(actor) => travelling.filter({ actor })}
        />
        <Choice
          label="Kind"
          all="All kinds"
          options={types}
          chosen={filter.type}
          onChoose={(type) => travelling.filter({ type })}
        />
      </div>
      <div className="travel-count">
        <p className="quiet" role="status">
          {isSearching ? "Searching … " : ""}
          {places.length === count ? `${count} events` : `${places.length} of ${count} events`}
        </p>
        {!isOpen(filter) && (
          <Button kind="quiet" onPress={travelling.clearFilter}>
            Show all
          </Button>
        )}
        <span className="travel-count-end">
          <Button
            kind="quiet"
            pressed={filter.failures}
            onPress={() => travelling.filter({ failures: !filter.failures })}
          >
            Failures
          </Button>
          <Stretch />
        </span>
      </div>
    </search>
  )
}
