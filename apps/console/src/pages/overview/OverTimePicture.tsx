/** What ended over time, as stacked bars. Loaded when there is something to draw. */
import type { Summary } from "@stopcopy/coordinator-api"
import { useEffect, useRef } from "react"
import uPlot from "uplot"
import "uplot/dist/uPlot.min.css"
import { theme } from "../../layout/theme.ts"
import { useStore } from "../../store/useStore.ts"
import { axisText } from "../../text/units.ts"
import { type Outcome, outcomes, stacked } from "./stacked.ts"

const height = 200

const colours: Readonly<Record<Outcome, string>> = {
  completed: "--good",
  cancelled: "--line-strong",
  failed: "--bad",
  refused: "--warn"
}

/** The colour that a custom property has now. */
const colourOf = (element: Element, name: string): string => {
  // A property that is read as it is written would still have both themes in it.
  const probe = element.appendChild(document.createElement("i"))
  probe.style.color = `var(${name})`
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}

const optionsFor = (element: HTMLElement, periodMillis: number): uPlot.Options => {
  const [text, line] = [colourOf(element, "--text-quiet"), colourOf(element, "--line")]
  const font = `12px ${getComputedStyle(element).fontFamily}`
  const axis = { stroke: text, font, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } }
  const paths = uPlot.paths.bars?.({ size: [0.8, 28], align: 1 })
  const bars = outcomes.toReversed().map((label) => {
    const fill = colourOf(element, colours[label])
    return { label, fill, stroke: fill, width: 0, points: { show: false }, ...(paths === undefined ? {} : { paths }) }
  })
  return {
    width: element.clientWidth,
    height,
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { range: (_, from, to) => [from - periodMillis / 2000, to + (periodMillis / 1000) * 1.5] },
      y: { range: (_, __, most) => [0, Math.max(4, Math.ceil(most * 1.1))] }
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        space: 64,
        values: (_, splits) => splits.map((at) => axisText(at * 1000, periodMillis))
      },
      { ...axis, size: 36, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] }
    ],
    series: [{}, ...bars]
  }
}

export const OverTimePicture = ({ summary }: { readonly summary: Summary }) => {
  const frame = useRef<HTMLDivElement>(null)
  const chosen = useStore(theme)
  useEffect(() => {
    const element = frame.current
    if (element === null) return undefined
    const { times, tops } = stacked(summary)
    const draw = () => new uPlot(optionsFor(element, summary.periodMillis), [times, ...tops.toReversed()], element)
    let plot = draw()
    const again = () => {
      plot.destroy()
      plot = draw()
    }
    const sized = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }))
    const dark = matchMedia("(prefers-color-scheme: dark)")
    sized.observe(element)
    dark.addEventListener("change", again)
    return () => {
      sized.disconnect()
      dark.removeEventListener("change", again)
      plot.destroy()
    }
  }, [summary, chosen])
  return <div ref={frame} className="over-time" aria-hidden="true" />
}
