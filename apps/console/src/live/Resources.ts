/** What pages read of the coordinator, each thing once however many show it, and what events do to it. */
import type { Client, HostSummary } from "@stopcopy/coordinator-api"
import { Effect } from "effect"
import type { CallError, Problem } from "../session/Problem.ts"
import type { Live } from "./Live.ts"
import { Resource } from "./Resource.ts"

export class Resources {
  readonly hosts: Resource<ReadonlyArray<HostSummary>>
  private readonly all: ReadonlyArray<Resource<never> | Resource<ReadonlyArray<HostSummary>>>

  constructor(client: Client, live: Live, problem: (error: CallError) => Problem) {
    this.hosts = new Resource(Effect.mapError(client.hosts.list(), problem))
    this.all = [this.hosts]
    live.listen(() => this.took())
  }

  private took(): void {
    for (const each of this.all) each.invalidate()
  }
}
