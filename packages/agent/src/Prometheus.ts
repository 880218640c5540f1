/**
 * The metrics of Effect's registry in the text format of Prometheus, version 0.0.4. Source: "Exposition formats" of the Prometheus
 * documentation. A family is one HELP, one TYPE, then its samples; names that the format does not know get underscores.
 */
import { Effect, Metric, type MetricPair, MetricState, Option } from "effect"

/** The content type of the text. */
export const contentType = "text/plain; version=0.0.4; charset=utf-8"

type Labels = ReadonlyArray<readonly [string, string]>

interface Sample {
  /** What follows the family's name: empty, `_bucket`, `_sum`, `_count`. */
  readonly suffix: string
  readonly labels: Labels
  readonly value: number | bigint
}

interface Reading {
  readonly type: "counter" | "gauge" | "histogram" | "summary" | "untyped"
  readonly samples: ReadonlyArray<Sample>
}

const nameOf = (name: string): string => name.replace(/[^a-zA-Z0-9_:]/g, "_").replace(/^(?=[0-9])/, "_")
const labelOf = (name: string): string => nameOf(name).replaceAll(":", "_")

const quoted = (value: string): string => value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")

const numberText = (value: number | bigint): string => {
  if (value === Number.POSITIVE_INFINITY) return "+Inf"
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value)
}

const sample = (suffix: string, value: number | bigint, labels: Labels = []): Sample => ({ suffix, labels, value })

const histogram = (state: MetricState.MetricState.Histogram): Reading => {
  const finite = state.buckets.filter(([boundary]) => Number.isFinite(boundary))
  const buckets = [...finite, [Number.POSITIVE_INFINITY, state.count] as const]
  return {
    type: "histogram",
    samples: [
      ...buckets.map(([boundary, count]) => sample("_bucket", count, [["le", numberText(boundary)]])),
      sample("_sum", state.sum),
      sample("_count", state.count)
    ]
  }
}

const summary = (state: MetricState.MetricState.Summary): Reading => ({
  type: "summary",
  samples: [
    ...state.quantiles.map(([quantile, value]) =>
      sample(
        "",
        Option.getOrElse(value, () => Number.NaN),
        [["quantile", String(quantile)]]
      )
    ),
    sample("_sum", state.sum),
    sample("_count", state.count)
  ]
})

const readingOf = (state: MetricState.MetricState.Untyped): Reading => {
  if (MetricState.isCounterState(state)) return { type: "counter", samples: [sample("", state.count)] }
  if (MetricState.isGaugeState(state)) return { type: "gauge", samples: [sample("", state.value)] }
  if (MetricState.isHistogramState(state)) return histogram(state)
  if (MetricState.isSummaryState(state)) return summary(state)
  if (MetricState.isFrequencyState(state)) {
    return { type: "counter", samples: [...state.occurrences].map(([key, count]) => sample("", count, [["key", key]])) }
  }
  return { type: "untyped", samples: [] }
}

const line = (name: string, labels: Labels, value: number | bigint): string => {
  const text = labels.map(([key, word]) => `${labelOf(key)}="${quoted(word)}"`).join(",")
  return `${name}${text === "" ? "" : `{${text}}`} ${numberText(value)}\n`
}

const helpOf = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")

const linesOf = (name: string, pair: MetricPair.MetricPair.Untyped, reading: Reading): string => {
  const tags: Labels = pair.metricKey.tags.map(({ key, value }) => [key, value] as const)
  return reading.samples
    .map(({ labels, suffix, value }) => line(`${name}${suffix}`, [...tags, ...labels], value))
    .join("")
}

/** The text of these metrics, families in the order of their names. */
export const format = (pairs: ReadonlyArray<MetricPair.MetricPair.Untyped>): string => {
  const families = new Map<string, { head: string; body: string }>()
  for (const pair of pairs) {
    const name = nameOf(pair.metricKey.name)
    const reading = readingOf(pair.metricState)
    const help = Option.match(pair.metricKey.description, {
      onNone: () => "",
      onSome: (text) => `# HELP ${name} ${helpOf(text)}\n`
    })
    const family = families.get(name) ?? { head: `${help}# TYPE ${name} ${reading.type}\n`, body: "" }
    family.body += linesOf(name, pair, reading)
    families.set(name, family)
  }
  return [...families]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { body, head }]) => head + body)
    .join("")
}

/** The text of everything that this process has measured. */
export const text: Effect.Effect<string> = Effect.map(Metric.snapshot, format)
