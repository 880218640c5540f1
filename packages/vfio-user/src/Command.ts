/** The commands of the protocol by number. Source: QEMU `docs/interop/vfio-user.rst`, "Commands"; libvfio-user `include/vfio-user.h`. */

export const Command = {
  VERSION: 1,
  DMA_MAP: 2,
  DMA_UNMAP: 3,
  DEVICE_GET_INFO: 4,
  DEVICE_GET_REGION_INFO: 5,
  DEVICE_GET_REGION_IO_FDS: 6,
  DEVICE_GET_IRQ_INFO: 7,
  DEVICE_SET_IRQS: 8,
  REGION_READ: 9,
  REGION_WRITE: 10,
  /** From server to client. */
  DMA_READ: 11,
  /** From server to client. */
  DMA_WRITE: 12,
  DEVICE_RESET: 13,
  REGION_WRITE_MULTI: 15,
  DEVICE_FEATURE: 16,
  MIG_DATA_READ: 17,
  MIG_DATA_WRITE: 18
} as const

export type CommandName = keyof typeof Command

const names = new Map<number, string>(Object.entries(Command).map(([name, number]) => [number, name]))

/** `REGION_READ`, or `command 99` for a number that no command has. */
export const commandName = (command: number): string => names.get(command) ?? `command ${command}`
