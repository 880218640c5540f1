/** What `@stopcopy/agent/testing` offers: a host in memory, for tests of whoever drives hosts. Runs in a browser too. */
export { MemoryDevice, type MemoryDeviceOptions } from "./testing/MemoryDevice.ts"
export { makeMemoryHost, type MemoryHost, type MemoryHostOptions } from "./testing/MemoryHost.ts"
