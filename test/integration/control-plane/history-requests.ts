/** Requests for grants and consents, as a device of the SDK makes them, for tests of the routes. */
import { createHash, randomBytes } from "node:crypto";
import type { Consent, HistoryGrant } from "../../../crypto/wire/receipt.ts";
import type { ConversationId, AttachmentId } from "../../../crypto/wire/ids.ts";
import { addMember, headOf, signed } from "../../support/acts.ts";
import { customerDevice, staffDevice, type Reply, type TestDevice } from "../../support/device.ts";
import { createConversation, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import type { TestServer } from "../../support/server.ts";
import { begin, patch } from "../attachments/device-requests.ts";
import { idOf, newId } from "../../../tools/testkit/ids.ts";

export const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");

/** Events 1 to 3 by a customer and an agent; a colleague joins with event 4. */
export async function arrange(server: TestServer) {
  const customer = await customerDevice(server);
  const agent = await staffDevice(server);
  const colleague = await staffDevice(server);
  const id = await createConversation(customer, [agent]);
  const socket = await RelaySocket.open(server, customer);
  for (const _ of [2, 3]) await socket.post(messageTo(id, [agent]));
  await socket.close();
  const path = `/v1/conversations/${id}`;
  const added = await addMember(agent, id, colleague.user);
  expect(added.body).toMatchObject({ seq: 4 });
  return { customer, agent, colleague, id, path };
}
export type Arranged = Awaited<ReturnType<typeof arrange>>;

async function pack(server: TestServer, by: TestDevice, conversation: ConversationId) {
  const bytes = randomBytes(1200);
  const { path } = await begin(server, by, conversation, bytes.length);
  expect((await patch(server, by, path, 0, bytes)).status).toBe(204);
  return {
    attachment: idOf<AttachmentId>(path.split("/").at(-1)!),
    digest: createHash("sha256").update(bytes).digest(),
  };
}

async function hashOf(
  server: TestServer,
  conversation: ConversationId,
  seq: number,
): Promise<Uint8Array> {
  const { rows } = await server.database.owner.query(
    "select transcript_hash from sealdesk.events where conversation = $1 and seq = $2 and kind > 0",
    [conversation, seq],
  );
  return rows[0]?.transcript_hash ?? randomBytes(32);
}

export async function grantBy(
  server: TestServer,
  { id, colleague }: Arranged,
  by: TestDevice,
  changes: Partial<HistoryGrant> = {},
): Promise<HistoryGrant> {
  const { fromSeq = 1, toSeq = 3 } = changes;
  return {
    type: "history_grant",
    version: 1,
    id: newId(),
    tenant: by.tenant,
    conversation: id,
    grantor: by.user,
    grantorDevice: by.id,
    recipient: colleague.user,
    recipientDevices: [colleague.id],
    fromSeq,
    toSeq,
    fromHash: await hashOf(server, id, fromSeq),
    toHash: await hashOf(server, id, toSeq),
    purpose: "hand_over",
    consent: undefined,
    after: (await headOf(server, id)).after,
    atMs: 1,
    packs: changes.packs ?? [await pack(server, by, id)],
    ...changes,
  };
}

export const consentOf = async (
  by: TestDevice,
  conversation: ConversationId,
  state: Consent["state"],
): Promise<Consent> => ({
  type: "consent",
  version: 1,
  id: newId(),
  tenant: by.tenant,
  conversation,
  user: by.user,
  device: by.id,
  purpose: "history_sharing",
  state,
  after: (await headOf(by.server, conversation)).after,
  atMs: 1,
});

export function postGrant(
  { path }: Arranged,
  by: TestDevice,
  grant: HistoryGrant,
  changes: object = {},
): Promise<Reply> {
  const packets = grant.recipientDevices.map((device) => ({
    device,
    bytes: base64url(randomBytes(40)),
  }));
  const body = { ...signed(by, grant), packets, ...changes };
  return by.request("POST", `${path}/history-grants`, { body });
}
