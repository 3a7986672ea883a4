import { Load } from "../load/load-process.ts";
import type { Party } from "../load/party.ts";

/** Sends `count` messages in each conversation while only its sender is connected. */
export async function leaveWaiting(parties: readonly Party[], count: number): Promise<void> {
  const load = await Load.prepare(
    parties.map(({ links, rooms }) => ({ links: links.slice(0, 1), rooms })),
  );
  await load.connect();
  await load.sendEach(count);
  await load.close();
}
