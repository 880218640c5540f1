/** The options of each command of the coordinator. */
import { Arguments, type CommandOptions } from "@stopcopy/service"
import { names } from "./settings/settings.ts"
import { optionOf } from "./settings/sources.ts"

const commands: ReadonlyMap<string, CommandOptions> = new Map<string, CommandOptions>([
  ["serve", { once: ["--config", ...names.map(optionOf)], repeated: [], flags: ["--until-stdin-ends"] }],
  ["openapi", { once: [], repeated: [], flags: [] }]
])

/** What is wrong with how they are given. */
export const coordinatorArguments = new Arguments("stopcopy-coordinator", commands)
