import { randomUUID } from "node:crypto";
import type { Party, RoomSpec } from "../load/party.ts";
import type { LoadConversation } from "./load-device.ts";
import type { LoadTenant } from "./tenant.ts";
import { parseId, type ConversationId } from "../../../crypto/wire/ids.ts";

/** Makes a party of each conversation. All its devices know the log up to `head`. */
export const partiesOf = (
  tenant: LoadTenant,
  conversations: readonly LoadConversation[],
  head = 1,
): Promise<Party[]> =>
  Promise.all(
    conversations.map(async ({ id, devices }): Promise<Party> => {
      const cursors = [{ conversation: id, seq: head }];
      const links = await Promise.all(devices.map((device) => tenant.link(device, cursors)));
      const [, ...others] = devices;
      return { links, rooms: [roomOf(id, others, head)] };
    }),
  );

const roomOf = (
  conversation: ConversationId,
  others: LoadConversation["devices"],
  head: number,
): RoomSpec => ({ conversation, head, others: others.map(({ device }) => device) });

/** Creates the parties of a bare relay, which has no accounts. */
export const bareParties = (url: string, count: number, size: number): Party[] =>
  Array.from({ length: count }, (_, group): Party => {
    const conversation = parseId<ConversationId>(randomUUID());
    const cursors = [{ conversation, seq: 0 }];
    const links = Array.from({ length: size }, (_each, index) => ({
      kind: "bare" as const,
      url,
      device: group * size + index,
      cursors,
    }));
    return { links, rooms: [{ conversation, head: 0, others: [] }] };
  });
