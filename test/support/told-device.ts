import { customerDevice, staffDevice } from "./device.ts";
import { erase, reached } from "./erasures.ts";
import { createConversation, messageTo, RelaySocket } from "./relay-socket.ts";
import type { TestServer } from "./server.ts";

/** Erases a customer, and returns a device of another member that was told of it and has not answered. */
export async function toldDevice(server: TestServer) {
  const customer = await customerDevice(server);
  const device = await staffDevice(server);
  const conversation = await createConversation(customer, [device]);
  const socket = await RelaySocket.open(server, customer);
  await socket.post(messageTo(conversation, [device]));
  await socket.close();
  const id = await erase(server.database, server.tenant.id, customer.user);
  await reached(server.database, id, "certified");
  return { id, device };
}

/** Says that a device has removed its copies of what an erasure covers. */
export const acknowledge = ({ id, device }: Awaited<ReturnType<typeof toldDevice>>) =>
  device.request("POST", `/v1/devices/current/erasures/${id}/acknowledgement`);
