import { newId } from "../../tools/testkit/ids.ts";
import type { ConversationId } from "../../crypto/wire/ids.ts";
import { customerDevice, staffDevice } from "./device.ts";
import { createConversation, messageTo, RelaySocket } from "./relay-socket.ts";
import type { TestServer } from "./server.ts";

/** A customer with conversations of three messages each, and an agent. */
export async function conversing(server: TestServer, count: number) {
  const subject = newId();
  const customer = await customerDevice(server, subject);
  const agent = await staffDevice(server);
  const socket = await RelaySocket.open(server, customer);
  const conversations: ConversationId[] = [];
  for (let index = 0; index < count; index++) {
    const id = await createConversation(customer, [agent]);
    for (let sent = 0; sent < 3; sent++) await socket.post(messageTo(id, [agent]));
    conversations.push(id);
  }
  return { subject, customer, agent, socket, conversations };
}
