/** Counts: what is under way, what ended how. */
import { ends, type Summary } from "@stopcopy/coordinator-api"
import { timeText } from "../../text/units.ts"

interface TileProps {
  readonly title: string
  readonly count: number
  readonly tone: string
  readonly more?: string
}

const Tile = ({ count, more, title, tone }: TileProps) => (
  <div className={`tile tile-${count === 0 ? "none" : tone}`}>
    <dt>{title}</dt>
    <dd>
      {count}
      {more !== undefined && <span className="fact-more">{more}</span>}
    </dd>
  </div>
)

const tones = { completed: "good", failed: "bad", cancelled: "neutral", refused: "warn" } as const

export const Tiles = ({ summary }: { readonly summary: Summary }) => {
  const { ended, inDoubt, live, since } = summary
  const queued = live.find(({ phase }) => phase === "queued")?.count ?? 0
  const running = live.reduce((sum, { count, phase }) => (ends.includes(phase) ? sum : sum + count), 0) - queued
  const phases = live.map(({ count, phase }) => `${count} ${phase}`).join(", ")
  return (
    <section aria-label="Counts">
      <dl className="tiles">
        <Tile title="Under way" count={running} tone="busy" more={phases === "" ? "nothing now" : phases} />
        <Tile title="Queued" count={queued} tone="neutral" />
        <Tile title="In doubt" count={inDoubt} tone="bad" />
        {ended.map(({ count, outcome }) => (
          <Tile
            key={outcome}
            title={`${outcome[0]?.toUpperCase() ?? ""}${outcome.slice(1)}`}
            count={count}
            tone={tones[outcome]}
          />
        ))}
      </dl>
      {since !== null && <p className="tiles-note quiet">What ended is counted since {timeText(since)}.</p>}
    </section>
  )
}
