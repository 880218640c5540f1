/** Logs: JSON lines on standard error, or text for people where that is a terminal. Standard output is for results. */
import { Layer, Logger, LogLevel } from "effect"

export const logLevels = ["debug", "info", "warning", "error", "none"] as const
type LogLevelName = (typeof logLevels)[number]

const levels: Readonly<Record<LogLevelName, LogLevel.LogLevel>> = {
  debug: LogLevel.Debug,
  info: LogLevel.Info,
  warning: LogLevel.Warning,
  error: LogLevel.Error,
  none: LogLevel.None
}

const pretty = Logger.prettyLogger({ stderr: true })
const structured = Logger.withConsoleError(Logger.jsonLogger)

/** Logs of this level and above. */
export const logging = (level: LogLevelName, isTerminal: boolean): Layer.Layer<never> =>
  Layer.merge(
    Logger.replace(Logger.defaultLogger, isTerminal ? pretty : structured),
    Logger.minimumLogLevel(levels[level])
  )
