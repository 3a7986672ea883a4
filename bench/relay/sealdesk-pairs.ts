import { randomBytes, randomUUID } from "node:crypto";
import { uuidv7 } from "uuidv7";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { AccessTokens } from "../../keys/tokens/access-token.ts";
import { arrangeConversations, type LoadConversation } from "./arrange.ts";
import { LoadSocket } from "./load-socket.ts";
import { BODY_BYTES, type Pair } from "./pair.ts";

/** The tenant's default: a sending key serves this many messages. */
const KEY_MESSAGES = 100;
/** A pairwise encrypted sender-key distribution is about this long. */
const PACKET_BYTES = 201;

/** Pairs over the real relay: tokens, policy, rotation, packets, hashes, tags, storage. */
export async function sealdeskPairs(
  server: { readonly url: string; readonly ownerUrl: string; readonly tokens: AccessTokens },
  count: number,
): Promise<readonly Pair[]> {
  const conversations = await arrangeConversations(server.ownerUrl, count, 2);
  const pairs: Pair[] = [];
  for (const conversation of conversations) pairs.push(await sealdeskPair(server, conversation));
  return pairs;
}

async function sealdeskPair(
  server: { readonly url: string; readonly tokens: AccessTokens },
  { id, devices }: LoadConversation,
): Promise<Pair> {
  const [from, to] = devices;
  if (from === undefined || to === undefined) throw new Error("a pair is two devices");
  const sender = await LoadSocket.open(server.url, from, server.tokens);
  const receiver = await LoadSocket.open(server.url, to, server.tokens);
  const accepted = new Map<Uuid, () => void>();
  const delivered = new Map<Uuid, () => void>();
  sender.onAccepted = ({ clientMessageId }) => settle(accepted, clientMessageId);
  receiver.onDeliver = ({ clientMessageId }) => settle(delivered, clientMessageId);
  let sent = 0;
  let keyId = randomUUID();
  return {
    send(onAccepted, onDelivered) {
      const first = sent++ % KEY_MESSAGES === 0;
      if (first) keyId = randomUUID();
      const clientMessageId = uuidv7();
      accepted.set(clientMessageId, onAccepted);
      delivered.set(clientMessageId, onDelivered);
      sender.send({
        conversation: id,
        clientMessageId,
        epoch: 1,
        keyId,
        ciphertext: randomBytes(BODY_BYTES),
        commitment: randomBytes(32),
        packets: first ? [{ device: to.device, bytes: randomBytes(PACKET_BYTES) }] : [],
      });
    },
    close() {
      sender.close();
      receiver.close();
    },
  };
}

function settle(waiting: Map<Uuid, () => void>, id: Uuid): void {
  waiting.get(id)?.();
  waiting.delete(id);
}
