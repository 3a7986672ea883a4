import { Disks, type DiskDevice } from "./rollback.ts";
import type { TestServer } from "./server.ts";
import { startTamperingRelay, type TamperingRelay } from "./tampering-relay.ts";

/** A customer's and an agent's device on disks, and a relay that the test can connect them to. */
export interface DiskPair {
  readonly relay: TamperingRelay;
  readonly disks: Disks;
  readonly customer: DiskDevice;
  readonly agent: DiskDevice;
  close(): Promise<void>;
}

export async function openDiskPair(server: TestServer): Promise<DiskPair> {
  const relay = await startTamperingRelay(server);
  const disks = await Disks.make(server);
  return {
    relay,
    disks,
    customer: await disks.customer(),
    agent: await disks.agent(),
    async close() {
      await disks.close();
      await relay.close();
    },
  };
}
