/**
 * Whether a device stands in STOP_COPY because an agent's caller put it there. Its state may have gone to another host already, and only the caller knows whether that one
 * was given the guest: so until the caller, a fence or a reset by the agent leads it out of there, the guest's VMM does not. Of this process: another one does not know
 * who stopped the device.
 */
export class Custody {
  taken = false
}
