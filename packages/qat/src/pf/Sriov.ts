/**
 * Enabling and disabling a PF's VFs, with the checks of the kernel in their order. Source: `sriov_numvfs_store` of `drivers/pci/iov.c`,
 * `qat_common/adf_sriov.c`; section 1.3 of the register specification.
 *
 * V1 Any number but 0 enables all VFs: their banks would lie idle otherwise. So there are none, or all.
 * V2 Between two numbers other than 0 there is no way but over 0.
 */
import { EBUSY, EFAULT, EINVAL, ERANGE, type Errno } from "@stopcopy/errno"
import { fromOutside } from "../Failure.ts"
import { because } from "../Refusals.ts"
import type { PfCommand } from "./Command.ts"
import { accept, type Decision, onDevice, refuse } from "./Decision.ts"
import type { Pf, PfDevice } from "./State.ts"

const operation = "set VFs"

type SetVfs = Extract<PfCommand, { readonly _tag: "SetVfs" }>

/** `sriov_numvfs` is a number of 16 bits. */
const largestNumber = 0xffff

const notANumber = (vfs: number): EINVAL =>
  new EINVAL(
    because("pf.vfs.number", "the number of VFs has 16 bits", "VFs", `${vfs}`, `0..${largestNumber}`, "ask for fewer")
  )

const outOfRange = (vfs: number, total: number): ERANGE =>
  new ERANGE(
    because(
      "pf.vfs.total",
      "no more VFs than the device has",
      "VFs",
      `${vfs}`,
      `0..${total}`,
      "ask for at most that many; any number but 0 enables all"
    )
  )

const unbound = (): EFAULT =>
  new EFAULT(
    because("pf.bound", "the PF must be driven by its own driver", "PF", "not configured", "configured", "configure it")
  )

const enabledAlready = (vfs: number, enabled: number): EBUSY =>
  new EBUSY(
    because("pf.vfs.enabled", "VFs are enabled from none", "VFs", `${vfs}`, `${enabled} enabled`, "ask for 0 first")
  )

const noIommu = (): EINVAL =>
  new EINVAL(because("pf.iommu", "VFs need an IOMMU", "IOMMU", "off", "on", "turn the IOMMU on in firmware and kernel"))

const inUse = (users: ReadonlyArray<string>): EBUSY =>
  new EBUSY(
    because(
      "pf.vfs.users",
      "nobody may use the device or its VFs",
      "users",
      users.join(", "),
      "nobody",
      "close the VFs and unbind their driver first"
    )
  )

const restarting = (): EBUSY =>
  new EBUSY(
    because("pf.restarting", "the device must not restart", "device", "restarting", "up", "try again when it is up")
  )

const noMemory = (errno: number): Errno =>
  fromOutside(
    errno,
    because("pf.vfs.memory", "what the PF remembers of its VFs needs memory", "VFs", `errno ${errno}`, "0", "free some")
  )

const enable = ({ restart, totalVfs, vfs: enabled }: PfDevice, command: SetVfs): Decision => {
  if (enabled !== 0) return refuse(operation, enabledAlready(command.vfs, enabled))
  if (!command.iommu) return refuse(operation, noIommu())
  if (restart !== null) return refuse(operation, restarting())
  if (command.users.length > 0) return refuse(operation, inUse(command.users))
  if (command.memory !== 0) return refuse(operation, noMemory(command.memory))
  return accept([{ _tag: "VfsEnabled", vfs: totalVfs }])
}

const disable = ({ restart }: PfDevice, { users }: SetVfs): Decision => {
  if (users.length > 0) return refuse(operation, inUse(users))
  return restart === null ? accept([{ _tag: "VfsDisabled" }]) : refuse(operation, restarting())
}

export const setVfs = (state: Pf, command: SetVfs): Decision => {
  if (state.device === undefined && state.deviceId === 0) return refuse(operation, unbound())
  return onDevice(state, operation, (device) => {
    const { vfs } = command
    if (vfs < 0 || vfs > largestNumber) return refuse(operation, notANumber(vfs))
    if (vfs > device.totalVfs) return refuse(operation, outOfRange(vfs, device.totalVfs))
    if (vfs === device.vfs) return accept([])
    return vfs === 0 ? disable(device, command) : enable(device, command)
  })
}
