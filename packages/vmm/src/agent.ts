/** What `@stopcopy/vmm` has for coordinated migrations: the agent's contract, served by a VMM for the devices that it has attached, or for bare sockets. */
export { agentHost, type AgentHostOptions } from "./agent/AgentHost.ts"
export { attend, type AttendOptions } from "./agent/attend.ts"
export { bareSocket } from "./agent/BareSocket.ts"
export type { Verify } from "./agent/Carried.ts"
export { attached, type DeviceAccess } from "./agent/DeviceAccess.ts"
export { drive, type Driven, type DrivenOptions } from "./agent/DrivenDevice.ts"
export { type AgentOptions, serveAgent } from "./agent/serveAgent.ts"
export { opaque, pieceLimit, qat, type Seen, type StateFormat, type StateReader } from "./agent/StateFormat.ts"
