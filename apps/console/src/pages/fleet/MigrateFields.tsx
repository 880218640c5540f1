/** The fields of a migration that is to be started. */
import { useSession } from "../../session/context.ts"
import { useStore } from "../../store/useStore.ts"
import { millisText } from "../../text/units.ts"
import type { Choice } from "./request.ts"

interface FieldsProps {
  readonly choice: Choice
  readonly onChange: (changed: Partial<Choice>) => void
}

export const TargetFields = ({ choice, onChange }: FieldsProps) => {
  const { resources } = useSession()
  const hosts = useStore(resources.hosts)
  const vfs = useStore(resources.vfs)
  const { devices, from, targets, to } = choice
  const others = hosts._tag === "Ready" ? hosts.value.filter(({ name }) => name !== from) : []
  const there = vfs._tag === "Ready" ? vfs.value.filter(({ host }) => host === to) : []
  return (
    <div className="fields">
      <label className="field">
        <span>To</span>
        <select
          value={to}
          autoFocus
          onChange={(event) => onChange({ to: event.target.value, targets: devices.map(() => "") })}
        >
          <option value="">The coordinator chooses</option>
          {others.map(({ cordon, health, name }) => (
            <option key={name} value={name}>
              {name}
              {cordon === null ? "" : " (cordoned)"}
              {health.state === "reachable" ? "" : ` (${health.state})`}
            </option>
          ))}
        </select>
      </label>
      {to !== "" &&
        devices.map((device, index) => (
          <label key={device} className="field">
            <span>VF for {device}</span>
            <select
              value={targets[index] ?? ""}
              onChange={(event) => onChange({ targets: targets.with(index, event.target.value) })}
            >
              <option value="">Any that fits</option>
              {there.map(({ attached, group, name }) => (
                <option key={name} value={name}>
                  {name}
                  {group !== null || attached ? " (in use)" : ""}
                </option>
              ))}
            </select>
          </label>
        ))}
    </div>
  )
}

export const LimitFields = ({ choice, onChange }: FieldsProps) => {
  const policy = useStore(useSession().resources.policy)
  const usual = policy._tag === "Ready" ? millisText(policy.value.downtimeLimitMillis) : "as the policy says"
  return (
    <div className="fields">
      <label className="field">
        <span>Downtime limit, ms</span>
        <input
          inputMode="numeric"
          value={choice.limit}
          placeholder={usual}
          onChange={(event) => onChange({ limit: event.target.value })}
        />
      </label>
      <label className="field">
        <span>When over it, wait, ms</span>
        <input
          inputMode="numeric"
          value={choice.wait}
          placeholder="back at once"
          onChange={(event) => onChange({ wait: event.target.value })}
        />
      </label>
      <label className="field">
        <span>Priority</span>
        <select value={choice.priority} onChange={(event) => onChange({ priority: Number(event.target.value) })}>
          {Array.from({ length: 10 }, (_, priority) => (
            <option key={priority} value={priority}>
              {priority === 9 ? "9, goes first" : priority}
            </option>
          ))}
        </select>
      </label>
    </div>
  )
}
