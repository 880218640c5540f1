/** How long guests stood still: the distribution as bars, its quantiles in words. */
import type { Summary } from "@stopcopy/coordinator-api"
import { microsText, plural } from "../../text/units.ts"
import { Empty } from "../../ui/Empty.tsx"

type Known = NonNullable<Summary["downtimes"]>
type Bin = Known["bins"][number]

const rangeText = ({ fromMicros, toMicros }: Bin): string =>
  toMicros === null ? `${microsText(fromMicros)} and more` : `${microsText(fromMicros)} to ${microsText(toMicros)}`

const Histogram = ({ bins }: { readonly bins: ReadonlyArray<Bin> }) => {
  const most = Math.max(...bins.map(({ count }) => count))
  return (
    <ol className="histogram" aria-label="Downtimes by length">
      {bins.map((bin) => (
        <li key={bin.fromMicros} title={`${rangeText(bin)}: ${bin.count}`}>
          <span className="unseen">
            {rangeText(bin)}: {bin.count}
          </span>
          <span className="histogram-count" aria-hidden="true">
            {bin.count === 0 ? "" : bin.count}
          </span>
          <span
            className={bin.toMicros === null ? "histogram-bar histogram-rest" : "histogram-bar"}
            style={{ height: `${(bin.count / most) * 100}%` }}
          />
        </li>
      ))}
    </ol>
  )
}

const Edges = ({ bins }: { readonly bins: ReadonlyArray<Bin> }) => {
  const [first, last] = [bins[0], bins.at(-1)]
  if (first === undefined || last === undefined) return null
  const end = last.toMicros === null ? `> ${microsText(last.fromMicros)}` : microsText(last.toMicros)
  return (
    <p className="histogram-edges quiet" aria-hidden="true">
      <span>{microsText(first.fromMicros)}</span>
      <span>{end}</span>
    </p>
  )
}

const Known = ({ downtimes }: { readonly downtimes: Known }) => (
  <>
    <dl className="quantiles">
      {(
        [
          ["half below", downtimes.p50Micros],
          ["90 % below", downtimes.p90Micros],
          ["99 % below", downtimes.p99Micros],
          ["longest", downtimes.mostMicros]
        ] as const
      ).map(([title, micros]) => (
        <div key={title}>
          <dt>{title}</dt>
          <dd>{microsText(micros)}</dd>
        </div>
      ))}
    </dl>
    <div>
      <Histogram bins={downtimes.bins} />
      <Edges bins={downtimes.bins} />
    </div>
  </>
)

export const Downtimes = ({ summary: { downtimes } }: { readonly summary: Summary }) => (
  <section className="card" aria-labelledby="downtimes-title">
    <div className="card-head">
      <h2 id="downtimes-title">Downtime</h2>
      {downtimes !== null && <span className="quiet">of {plural(downtimes.samples, "completed migration")}</span>}
    </div>
    {downtimes === null ? (
      <Empty title="No migration has completed">
        <p>How long guests stand still is shown here from the first one on.</p>
      </Empty>
    ) : (
      <Known downtimes={downtimes} />
    )}
  </section>
)
