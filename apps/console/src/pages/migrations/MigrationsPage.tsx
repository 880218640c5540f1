/** Migrations, the newest first, as they are now. */
import { useState } from "react"
import { Page } from "../../layout/Page.tsx"
import type { MigrationList, MigrationQuery } from "../../live/migrationList.ts"
import { useSession } from "../../session/context.ts"
import { now } from "../../store/now.ts"
import { useStore } from "../../store/useStore.ts"
import { plural } from "../../text/units.ts"
import { Button } from "../../ui/Button.tsx"
import { Empty } from "../../ui/Empty.tsx"
import { PageRows } from "../../ui/Rows.tsx"
import { Shown } from "../../ui/Shown.tsx"
import { columnsAt } from "./columns.tsx"

/** So many at first, and with each press of the button. */
const step = 100

const outcomes = ["completed", "failed", "cancelled", "refused"] as const

type Filter = "all" | "live" | "ended" | (typeof outcomes)[number]

const filters: ReadonlyArray<{ readonly value: Filter; readonly title: string }> = [
  { value: "all", title: "All" },
  { value: "live", title: "Not ended" },
  { value: "ended", title: "Ended" },
  ...outcomes.map((value) => ({ value, title: `${value[0]?.toUpperCase()}${value.slice(1)}` }))
]

const queryOf = (filter: Filter, host: string, count: number): MigrationQuery => ({
  count,
  ...(host === "" ? {} : { host }),
  ...(filter === "live" ? { live: true } : {}),
  ...(filter === "ended" ? { live: false } : {}),
  ...(filter === "all" || filter === "live" || filter === "ended" ? {} : { phase: filter })
})

const List = ({ list, onMore }: { readonly list: MigrationList; readonly onMore: () => void }) => {
  const time = useStore(now)
  const { hasMore, migrations } = list
  if (migrations.length === 0) {
    return (
      <Empty title="No migration here">
        <p>Start one from the fleet: choose a VF, then “Migrate”. Or evacuate a host.</p>
      </Empty>
    )
  }
  return (
    <>
      <PageRows
        caption="Migrations"
        layout="layout-migrations"
        columns={columnsAt(time)}
        rows={migrations}
        keyOf={({ id }) => id}
        heightOf={() => 36}
      />
      <p className="quiet">
        {plural(migrations.length, "migration")}
        {hasMore && ", and more "}
        {hasMore && <Button onPress={onMore}>Show {step} more</Button>}
      </p>
    </>
  )
}

export const MigrationsPage = () => {
  const { resources } = useSession()
  const [filter, setFilter] = useState<Filter>("all")
  const [host, setHost] = useState("")
  const [count, setCount] = useState(step)
  const hosts = useStore(resources.hosts)
  const names = hosts._tag === "Ready" ? hosts.value.map(({ name }) => name) : []
  return (
    <Page title="Migrations">
      <div className="fields" role="search" aria-label="Filter">
        <label className="field">
          <span>Which</span>
          <select
            value={filter}
            onChange={(event) => setFilter(filters.find(({ value }) => value === event.target.value)?.value ?? "all")}
          >
            {filters.map(({ title, value }) => (
              <option key={value} value={value}>
                {title}
              </option>
            ))}
          </select>
        </label>
        <label className="field">
          <span>From or to</span>
          <select value={host} onChange={(event) => setHost(event.target.value)}>
            <option value="">Any host</option>
            {names.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      </div>
      <Shown of={resources.migrations(queryOf(filter, host, count))} what="migrations">
        {(list) => <List list={list} onMore={() => setCount(count + step)} />}
      </Shown>
    </Page>
  )
}
