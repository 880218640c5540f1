/** The ioctl numbers against their construction: type 0x3B and the command, no direction or size bits. */
import { assert, it } from "@effect/vitest"
import { Ioctl } from "@stopcopy/vfio"

it("numbers are type 0x3B and the command", () => {
  const number = (command: number): number => (0x3b << 8) | command
  assert.strictEqual(Ioctl.DEVICE_RESET, number(111))
  assert.strictEqual(Ioctl.DEVICE_FEATURE, number(117))
  assert.strictEqual(Ioctl.MIG_GET_PRECOPY_INFO, number(121))
})
