/** Reports of messages that test devices have sent, with everything that proves them. */
import { createHmac, randomBytes, sign } from "node:crypto";
import { authorshipBytes } from "../../crypto/wire/authorship.ts";
import { toBase64Url } from "../../crypto/wire/bytes.ts";
import { payloadCommitment } from "../../crypto/wire/commitment.ts";
import { zeroHash } from "../../crypto/wire/event.ts";
import type { ConversationId } from "../../crypto/wire/ids.ts";
import { encodePayload, type Payload } from "../../crypto/wire/payload.ts";
import { customerDevice, staffDevice, type Reply, type TestDevice } from "./device.ts";
import { createConversation, messageTo, RelaySocket } from "./relay-socket.ts";
import type { TestServer } from "./server.ts";
import { newId } from "../../tools/testkit/ids.ts";

const hmac = (key: Uint8Array, input: Uint8Array) =>
  createHmac("sha256", key).update(input).digest();

/** What a report discloses of one message, as it is sent. */
export interface Disclosed {
  readonly seq: number;
  readonly isContext: boolean;
  readonly frankingTag: string;
  readonly frankingKey: string;
  readonly signature: string;
  readonly payload: string;
}

/** Sends a message whose payload is real, and returns what its receivers can disclose. */
export async function say(
  sender: TestDevice,
  conversation: ConversationId,
  to: readonly TestDevice[],
  text: string,
  changes: Partial<Payload> = {},
): Promise<Disclosed> {
  const message = messageTo(conversation, to);
  const { clientMessageId, epoch } = message;
  const place = { conversation, senderDevice: sender.id, epoch, clientMessageId };
  const lastSeen = { seq: 0, transcriptHash: zeroHash };
  const payload = encodePayload({ ...place, lastSeen, body: { kind: "text", text }, ...changes });
  const frankingKey = randomBytes(32);
  const commitment = payloadCommitment(hmac, frankingKey, payload);
  const signed = authorshipBytes({
    ...place,
    tenant: sender.tenant,
    user: sender.user,
    commitment,
  });
  const signature = sign(null, signed, sender.receiptKey.privateKey);
  const socket = await RelaySocket.open(sender.server, sender);
  const answer = await socket.post({ ...message, commitment });
  await socket.close();
  if (!("frankingTag" in answer)) throw new Error(`the message was refused: ${answer.code}`);
  return {
    seq: answer.seq,
    isContext: false,
    frankingTag: toBase64Url(answer.frankingTag),
    frankingKey: toBase64Url(frankingKey),
    signature: toBase64Url(signature),
    payload: toBase64Url(payload),
  };
}

export const report = (
  reporter: TestDevice,
  conversation: ConversationId,
  messages: readonly Disclosed[],
  reason = "threat",
): Promise<Reply> =>
  reporter.request("POST", "/v1/reports", { body: { conversation, reason, messages } });

export const decideReport = (moderator: TestDevice, id: string, body: object): Promise<Reply> =>
  moderator.request("POST", `/v1/reports/${id}/decision`, {
    body: { reason: "a test", ...body },
  });

export const appeal = (reported: TestDevice, id: string): Promise<Reply> =>
  reported.request("POST", `/v1/reports/${id}/appeal`);

export const decideAppeal = (
  moderator: TestDevice,
  id: string,
  outcome: "upheld" | "lifted",
): Promise<Reply> =>
  moderator.request("POST", `/v1/reports/${id}/appeal-decision`, {
    body: { outcome, reason: "a test" },
  });

/** An agent has written to a customer, who has reported it. */
export async function reportedMessage(server: TestServer) {
  const [customer, agent] = [await customerDevice(server, newId()), await staffDevice(server)];
  const conversation = await createConversation(customer, [agent]);
  const disclosed = await say(agent, conversation, [customer], "I know where you live");
  const { body } = await report(customer, conversation, [disclosed]);
  return { customer, agent, conversation, disclosed, id: body.id as string };
}

/** Asks for a ban, and lets another moderator approve it. */
export async function ban(server: TestServer, id: string, more: object = {}): Promise<Reply> {
  const [first, second] = [
    await staffDevice(server, "moderator"),
    await staffDevice(server, "moderator"),
  ];
  const { body } = await decideReport(first, id, { decision: "ban", of: "account", ...more });
  const { hash } = body.request;
  return second.request("POST", `/v1/approvals/${body.request.id}/approval`, { body: { hash } });
}
