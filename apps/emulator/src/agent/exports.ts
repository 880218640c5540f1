/** What the emulator hands out of its journal: the incident bundle of one migration, made where the journal is, so that what is redacted stays here. */
import { ExportRefused, type ExportRequest, HostFailed } from "@stopcopy/agent"
import { Bundle } from "@stopcopy/debugger"
import { behaviors } from "@stopcopy/debugger/behaviors"
import { type Journal, Replay } from "@stopcopy/runtime"
import { Clock, Effect } from "effect"

const registry = Replay.registry(...behaviors)

const microsPerMilli = 1000

/** Bundles that are made at once: each reads the journal and is held in memory. */
const atOnce = 1

/** For `HostService`: `label` is what the journal is called in its bundle. */
export const exportsOf = (label: string, journal: Journal["Type"]) => {
  const turns = Effect.unsafeMakeSemaphore(atOnce)
  const failed = ({ message }: { readonly message: string }) => new HostFailed({ device: null, reason: message })
  return ({ migration, redact }: ExportRequest): Effect.Effect<Uint8Array, ExportRefused | HostFailed> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Bundle.create([{ label, journal }], { registry, created: now * microsPerMilli, correlation: migration, redact })
    ).pipe(
      turns.withPermits(1),
      Effect.map(({ bytes }) => bytes),
      Effect.catchTags({
        BadField: ({ message }) => new ExportRefused({ reason: message }),
        NoSuchCorrelation: () => new ExportRefused({ reason: `${label} recorded nothing for migration ${migration}` }),
        JournalUnavailable: failed,
        JournalDamaged: failed
      })
    )
}
