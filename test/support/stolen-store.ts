import type { DeviceStore } from "../../crypto/device/store.ts";
import { loadSelf } from "../../crypto/device/suites/signal/self.ts";
import { encryptTo } from "../../crypto/device/suites/signal/sessions.ts";
import { Staging } from "../../crypto/device/suites/signal/staging.ts";
import type { DeviceId } from "../../crypto/wire/ids.ts";

const rolledBack = new Error("rolled back");

/** The next packet to a device, if it said always the same. Nothing of it is kept unless `keep`. */
async function nextPacket(store: DeviceStore, to: DeviceId, keep = false): Promise<string> {
  let packet = "";
  const sealing = store.transact(async (transaction) => {
    const staging = new Staging(transaction);
    const content = new TextEncoder().encode("always the same");
    packet = Buffer.from(await encryptTo(staging, await loadSelf(staging), to, content)).toString(
      "hex",
    );
    if (!keep) throw rolledBack;
    staging.flush();
  });
  await sealing.catch((error: unknown) => {
    if (error !== rolledBack) throw error;
  });
  return packet;
}

/**
 * Whether a copy of a sender's store derives the key of the next packet that the sender makes for `to`.
 * The copy goes on in its session by at most `steps` packets. A packet is a function of its key and of
 * what it says. So whoever makes the sender's packet byte for byte has the key that opens it.
 */
export async function derivesNextKey(
  copy: DeviceStore,
  sender: DeviceStore,
  to: DeviceId,
  steps: number,
): Promise<boolean> {
  const wanted = await nextPacket(sender, to);
  for (let step = 0; step <= steps; step++)
    if ((await nextPacket(copy, to, true)) === wanted) return true;
  return false;
}
