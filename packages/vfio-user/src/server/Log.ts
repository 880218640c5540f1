/** What the server tells people: why a command was refused, what went wrong inside. The wire carries an errno alone. */
import { isErrno } from "@stopcopy/errno"
import { Cause, Effect, Runtime } from "effect"
import { commandName } from "../Command.ts"

export class Log {
  private readonly runtime: Runtime.Runtime<never>
  private readonly device: string

  constructor(runtime: Runtime.Runtime<never>, device: string) {
    this.runtime = runtime
    this.device = device
  }

  /** A command that the device or the server refused; for those who look for it. Anything but an errno is a failure of the device. */
  refused(command: number, error: unknown): void {
    const name = commandName(command)
    if (isErrno(error)) this.say(Effect.logDebug(`${this.device}: ${name} refused`, error.message))
    else this.failed(`${name} failed`, Cause.fail(error))
  }

  failed(what: string, cause: Cause.Cause<unknown>): void {
    this.say(Effect.logError(`${this.device}: ${what}`, cause))
  }

  warn(what: string): void {
    this.say(Effect.logWarning(`${this.device}: ${what}`))
  }

  private say(message: Effect.Effect<void>): void {
    Runtime.runFork(this.runtime)(message)
  }
}
