/** The documentation page of an OpenAPI document: one HTML file without scripts, and without anything from elsewhere. Pure. */
import type { OpenApi } from "@effect/platform"

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;")

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid; }
details { margin: .5rem 0; border: 1px solid color-mix(in srgb, currentColor 25%, transparent); border-radius: .4rem; padding: .4rem .8rem; }
summary { cursor: pointer; overflow-wrap: anywhere; }
code, pre { font: .875rem/1.45 ui-monospace, monospace; }
pre { overflow-x: auto; padding: .6rem; background: color-mix(in srgb, currentColor 6%, transparent); }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: .2rem .8rem .2rem 0; }
.method { display: inline-block; min-width: 4rem; font-weight: 700; }
`

const anchorOf = (name: string): string => name.replaceAll(/[^A-Za-z0-9-]/g, "-")

/** A schema as JSON, with links to the schemas that it names. */
const schemaHtml = (schema: unknown): string =>
  `<pre>${escaped(JSON.stringify(schema, null, 2)).replaceAll(
    /#\/components\/schemas\/([^&"\s]+)/g,
    (whole, name: string) => `<a href="#schema-${anchorOf(name)}">${whole}</a>`
  )}</pre>`

const rows = (cells: ReadonlyArray<ReadonlyArray<string>>): string =>
  cells.map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join("")}</tr>`).join("\n")

const parametersHtml = (parameters: OpenApi.OpenAPISpecOperation["parameters"]): string =>
  parameters.length === 0
    ? ""
    : `<h4>Parameters</h4><table>${rows(
        parameters.map((parameter) => [
          `<code>${escaped(parameter.name)}</code>`,
          `${parameter.in}${parameter.required ? ", required" : ""}`,
          escaped(parameter.description ?? "")
        ])
      )}</table>`

const bodyHtml = (content: object | undefined): string =>
  Object.entries(content ?? {})
    .map(([type, media]: [string, unknown]) => {
      const schema = typeof media === "object" && media !== null && "schema" in media ? media.schema : {}
      return `<p><code>${escaped(type)}</code></p>${schemaHtml(schema)}`
    })
    .join("\n")

const responsesHtml = (responses: OpenApi.OpenAPISpecResponses): string =>
  Object.entries(responses)
    .map(
      ([status, { content, description }]) =>
        `<details><summary><code>${status}</code> ${escaped(description)}</summary>${bodyHtml(content)}</details>`
    )
    .join("\n")

const operationHtml = (method: string, path: string, operation: OpenApi.OpenAPISpecOperation): string => {
  const { description, operationId, parameters, requestBody, responses, summary } = operation
  const body = requestBody === undefined ? "" : `<h4>Body</h4>${bodyHtml(requestBody.content)}`
  return `<details id="${anchorOf(operationId)}">
<summary><span class="method">${method.toUpperCase()}</span> <code>${escaped(path)}</code> ${escaped(summary ?? "")}</summary>
<p>${escaped(description ?? "")}</p>${parametersHtml(parameters)}${body}<h4>Answers</h4>${responsesHtml(responses)}
</details>`
}

/** Operations of one tag, in the order of the document. */
const operationsOf = (document: OpenApi.OpenAPISpec, tag: string): string =>
  Object.entries(document.paths)
    .flatMap(([path, item]) =>
      Object.entries(item)
        .filter(([, operation]) => operation.tags.includes(tag))
        .map(([method, operation]) => operationHtml(method, path, operation))
    )
    .join("\n")

/** The whole page. */
export const pageOf = (document: OpenApi.OpenAPISpec): string => {
  const { components, info, tags } = document
  const groups = tags
    .map(
      ({ description = "", name }) =>
        `<h2 id="${anchorOf(name)}">${escaped(name)}</h2><p>${escaped(description)}</p>${operationsOf(document, name)}`
    )
    .join("\n")
  const schemas = Object.entries(components.schemas)
    .map(
      ([name, schema]) =>
        `<details id="schema-${anchorOf(name)}"><summary><code>${escaped(name)}</code></summary>${schemaHtml(schema)}</details>`
    )
    .join("\n")
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(info.title)}</title><style>${style}</style></head>
<body><h1>${escaped(info.title)}</h1><p>${escaped(info.description ?? "")}</p>
<p>The same for programs: <a href="/openapi.json">/openapi.json</a></p>
${groups}
<h2 id="schemas">Schemas</h2>
${schemas}
</body></html>
`
}
