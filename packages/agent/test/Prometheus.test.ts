/** The metrics of Effect as Prometheus reads them. */
import { assert, describe, it } from "@effect/vitest"
import { Prometheus } from "@stopcopy/agent"
import { Effect, Metric, MetricBoundaries } from "effect"

/** The lines of the families whose name begins so. */
const linesOf = (prefix: string) =>
  Effect.map(Prometheus.text, (text) =>
    text.split("\n").filter((line) => line.replace(/^# (HELP|TYPE) /, "").startsWith(prefix))
  )

describe("the text format", () => {
  it.effect("a counter has its family once, and a sample for each set of labels", () =>
    Effect.gen(function* () {
      const counter = Metric.counter("text_counter", { description: "One\nline with \\", incremental: true })
      yield* Metric.increment(counter).pipe(Effect.tagMetrics("who", 'a"b\\c\nd'))
      yield* Metric.incrementBy(counter, 4).pipe(Effect.tagMetrics("who-else", "x"))
      const lines = yield* linesOf("text_counter")
      assert.deepStrictEqual(lines.slice(0, 2), [
        "# HELP text_counter One\\nline with \\\\",
        "# TYPE text_counter counter"
      ])
      assert.sameMembers(lines.slice(2), ['text_counter{who="a\\"b\\\\c\\nd"} 1', 'text_counter{who_else="x"} 4'])
    })
  )

  it.effect("a gauge, of either kind of number, and names that the format does not know", () =>
    Effect.gen(function* () {
      yield* Metric.set(Metric.gauge("text gauge.1"), -1.5)
      yield* Metric.set(Metric.gauge("text_gauge_big", { bigint: true }), 2n ** 60n)
      yield* Metric.set(Metric.gauge("9text"), Number.NEGATIVE_INFINITY)
      assert.deepStrictEqual(yield* linesOf("text_gauge"), [
        "# TYPE text_gauge_1 gauge",
        "text_gauge_1 -1.5",
        "# TYPE text_gauge_big gauge",
        "text_gauge_big 1152921504606846976"
      ])
      assert.deepStrictEqual(yield* linesOf("_9text"), ["# TYPE _9text gauge", "_9text -Inf"])
    })
  )

  it.effect("the buckets of a histogram add up, and the last is +Inf", () =>
    Effect.gen(function* () {
      const histogram = Metric.histogram("text_histogram", MetricBoundaries.fromIterable([1, 10]))
      yield* Effect.forEach([0.5, 5, 6, 50], (value) => Metric.update(histogram, value))
      assert.deepStrictEqual(yield* linesOf("text_histogram"), [
        "# TYPE text_histogram histogram",
        'text_histogram_bucket{le="1"} 1',
        'text_histogram_bucket{le="10"} 3',
        'text_histogram_bucket{le="+Inf"} 4',
        "text_histogram_sum 61.5",
        "text_histogram_count 4"
      ])
    })
  )

  it.effect("a summary has its quantiles, a frequency its words", () =>
    Effect.gen(function* () {
      const summary = Metric.summary({
        name: "text_summary",
        maxAge: "1 hour",
        maxSize: 10,
        error: 0.01,
        quantiles: [0.5, 1]
      })
      yield* Effect.forEach([2, 2, 2], (value) => Metric.update(summary, value))
      const words = Metric.frequency("text_words")
      yield* Effect.forEach(["a", "b", "a"], (word) => Metric.update(words, word))
      assert.deepStrictEqual(yield* linesOf("text_summary"), [
        "# TYPE text_summary summary",
        'text_summary{quantile="0.5"} 2',
        'text_summary{quantile="1"} 2',
        "text_summary_sum 6",
        "text_summary_count 3"
      ])
      assert.sameMembers(yield* linesOf("text_words"), [
        "# TYPE text_words counter",
        'text_words{key="a"} 2',
        'text_words{key="b"} 1'
      ])
    })
  )

  it("no metrics are no text", () => {
    assert.strictEqual(Prometheus.format([]), "")
  })
})
