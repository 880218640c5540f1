/** The options of each command of the emulator. */
import { Arguments, type CommandOptions, logLevels } from "@stopcopy/service"
import { kindNames } from "./commands/faultText.ts"

const agent = ["--agent", "--agent-token-file"]
const toAgent = [...agent, "--agent-ca", "--agent-fingerprint"]
const toAgentFlags = ["--agent-insecure", "--json"]
const certificate = ["--agent-tls-cert", "--agent-tls-key"]
const places = ["--config", "--host", "--socket-dir", "--journal"]

const commands: ReadonlyMap<string, CommandOptions> = new Map<string, CommandOptions>([
  [
    "serve",
    {
      once: [...places, "--drain-seconds", "--otlp-url", "--log-level", ...agent, ...certificate],
      repeated: ["--pf", "--sla"],
      flags: ["--no-descriptors", "--agent-insecure", "--until-stdin-ends"],
      choices: { "--log-level": logLevels }
    }
  ],
  [
    "fault inject",
    {
      once: ["--device", "--message", "--nth", "--count", "--millis", "--errno", "--offset", "--mask", ...toAgent],
      repeated: [],
      flags: toAgentFlags,
      first: { what: "kind of fault", words: kindNames }
    }
  ],
  ["fault list", { once: toAgent, repeated: [], flags: toAgentFlags }],
  ["fault clear", { once: toAgent, repeated: ["--id"], flags: toAgentFlags }]
])

/** What is wrong with how they are given. */
export const emulatorArguments = new Arguments("stopcopy-emulator", commands)
