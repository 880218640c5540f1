/** The options of each command of the emulator. */
import { Arguments, type CommandOptions } from "@stopcopy/service"

const toAgent = ["--agent", "--agent-token-file"]
const logs = ["--log-level"]

const commands: ReadonlyMap<string, CommandOptions> = new Map<string, CommandOptions>([
  [
    "serve",
    {
      once: ["--config", "--host", "--socket-dir", "--journal", "--drain-seconds", "--otlp-url", ...toAgent, ...logs],
      repeated: ["--pf", "--sla"],
      flags: ["--no-descriptors"]
    }
  ],
  [
    "fault inject",
    {
      once: ["--device", "--message", "--nth", "--count", "--millis", "--errno", "--offset", "--mask", ...toAgent],
      repeated: [],
      flags: ["--json"]
    }
  ],
  ["fault list", { once: toAgent, repeated: [], flags: ["--json"] }],
  ["fault clear", { once: toAgent, repeated: ["--id"], flags: ["--json"] }]
])

/** What is wrong with how they are given. */
export const emulatorArguments = new Arguments("stopcopy-emulator", commands)
