/**
 * Service type 0: requests that ask for nothing. DPDK sends one in place of a request that it knows to be wrong, to keep its place
 * in the ring. Source: `icp_qat_fw_null.h` and `qat_qp.c` of DPDK; section 2.3 of the firmware specification.
 */
import { answer, ErrorCode, type Executed, type Request, Status } from "./Message.ts"

/** The one command of the service. */
const nullCommand = 1

/** Success for the NULL command: no data is touched, and no firmware version offered. Other commands are not known. */
export const nullRequest = ({ command }: Request): Executed =>
  command === nullCommand
    ? answer(0)
    : answer(Status.cryptoError | Status.compressionError | Status.unsupported, ErrorCode.fatal)
