/** A metric with labels. */
import { Metric } from "effect"

export const labelled = <Type, In, Out>(
  metric: Metric.Metric<Type, In, Out>,
  labels: Readonly<Record<string, string>>
): Metric.Metric<Type, In, Out> =>
  Object.entries(labels).reduce((now, [name, label]) => Metric.tagged(now, name, label), metric)
