/** What `@stopcopy/service/tracing` offers: the spans of this process to a collector of OpenTelemetry, over OTLP with JSON. */
import * as OtlpSerialization from "@effect/opentelemetry/OtlpSerialization"
import * as OtlpTracer from "@effect/opentelemetry/OtlpTracer"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Layer } from "effect"

export interface TracingOptions {
  /** Where the collector takes traces: `http://127.0.0.1:4318/v1/traces`. None: spans go nowhere. */
  readonly url: string | undefined
  /** What the process is called in a trace. */
  readonly name: string
  readonly version: string
}

/** Spans are sent every 5 seconds, and when the scope closes; a collector that does not answer costs the spans and nothing else. */
export const tracing = ({ name, url, version }: TracingOptions): Layer.Layer<never> =>
  url === undefined
    ? Layer.empty
    : OtlpTracer.layer({ url, resource: { serviceName: name, serviceVersion: version } }).pipe(
        Layer.provide(OtlpSerialization.layerJson),
        Layer.provide(NodeHttpClient.layerUndici)
      )
