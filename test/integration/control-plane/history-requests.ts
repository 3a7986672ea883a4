/** Requests for grants and consents, as a device of the SDK makes them, for tests of the routes. */
import { createHash, randomBytes, sign } from "node:crypto";
import {
  consentBytes,
  encodeConsent,
  type ConsentRecord,
} from "../../../crypto/wire/consent-record.ts";
import { zeroHash } from "../../../crypto/wire/event.ts";
import type { HistoryGrant } from "../../../crypto/wire/receipt.ts";
import type { ConsentId, ConversationId, AttachmentId } from "../../../crypto/wire/ids.ts";
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

/** A consent record of a device, or its withdrawal, as the next one of the chain that the database has. */
export async function consentRecord(
  by: TestDevice,
  conversation: ConversationId | undefined,
  state: ConsentRecord["state"],
  purpose: ConsentRecord["purpose"] = "history_sharing",
): Promise<ConsentRecord> {
  const { server, tenant, user, id: device } = by;
  const { owner } = server.database;
  const { rows: records } = await owner.query(
    "select number, digest from sealdesk.consents where user_id = $1 order by number desc limit 1",
    [user],
  );
  const { rows: notices } = await owner.query(
    `select version, language, digest from sealdesk.notice_texts
     where tenant = $1 order by version desc, language limit 1`,
    [tenant],
  );
  const stated = {
    version: 1,
    id: newId<ConsentId>(),
    tenant,
    user,
    device,
    conversation,
    purpose,
    previous: { number: Number(records[0]?.number ?? 0), digest: records[0]?.digest ?? zeroHash },
    atMs: 1,
  } as const;
  if (state === "withdrawn") return { ...stated, state };
  const [notice] = notices;
  return { ...stated, state, lawfulBasis: "consent", notice, expiresAtMs: undefined };
}

/** The body of a request with a consent record, which `signer` signs. */
export async function consentBody(
  by: TestDevice,
  record: ConsentRecord,
  signer: TestDevice = by,
): Promise<{ readonly record: string; readonly signature: string; readonly placed?: object }> {
  const text = encodeConsent(record);
  const signature = sign(null, consentBytes(text), signer.receiptKey.privateKey);
  const own = { record: base64url(text), signature: base64url(signature) };
  const { conversation, id, tenant, user, device, purpose, state } = record;
  if (conversation === undefined) return own;
  const placed = signed(signer, {
    type: "consent",
    version: 1,
    id,
    tenant,
    conversation,
    user,
    device,
    purpose,
    state,
    record: createHash("sha256").update(text).digest(),
    after: (await headOf(by.server, conversation)).after,
    atMs: 1,
  });
  return { ...own, placed };
}

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
