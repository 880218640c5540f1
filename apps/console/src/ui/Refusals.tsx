/** Rules that said no, all of them: each with where, both values, and what to do about it. */
import type { Refusal } from "@stopcopy/errno"

const One = ({ refusal: { code, destination, remedy, rule, source, where } }: { readonly refusal: Refusal }) => (
  <li className="refusal">
    <p className="refusal-rule">
      <strong>{where}</strong> {rule}
    </p>
    <dl className="refusal-values">
      <dt>source</dt>
      <dd>
        <code>{source}</code>
      </dd>
      <dt>destination</dt>
      <dd>
        <code>{destination}</code>
      </dd>
    </dl>
    <p className="refusal-remedy">{remedy}</p>
    <code className="quiet">{code}</code>
  </li>
)

export const Refusals = ({ refusals }: { readonly refusals: ReadonlyArray<Refusal> }) => (
  <ul className="refusals" aria-label="Reasons">
    {refusals.map((refusal, index) => (
      <One key={`${refusal.code} ${refusal.where} ${index}`} refusal={refusal} />
    ))}
  </ul>
)
