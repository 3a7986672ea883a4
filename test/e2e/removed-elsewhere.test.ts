/** A relay lists a removed device in a conversation that never had it. */
import { hash } from "node:crypto";
import { removedDevice } from "../../client/device/removed-devices.ts";
import { transcriptHash, zeroHash } from "../../crypto/wire/event.ts";
import { decodeControl, encodeControl, type Deliver } from "../../crypto/wire/frame.ts";
import { nilId, type DeviceId } from "../../crypto/wire/ids.ts";
import {
  connectCustomer,
  connectSibling,
  connectStaff,
  joined,
  problemsOf,
  readUntil,
  type Member,
} from "../support/member.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";
import { startTamperingRelay, type TamperingRelay } from "../support/tampering-relay.ts";

let server: TestServer;
let relay: TamperingRelay;
beforeAll(async () => {
  server = await startTestServer();
  relay = await startTamperingRelay(server);
});
afterAll(async () => {
  await relay.close();
  await server.close();
});

/** Whether a device's store has an entry of this name. */
async function isRecorded({ level }: Member, name: string): Promise<boolean> {
  const encodings = { keyEncoding: "utf8", valueEncoding: "view" } as const;
  const [value] = await level.getMany([name], encodings);
  return value !== undefined;
}

/** An event after the creation that adds a device to the creator's. Nobody signs such an event. */
function addition(created: Deliver, device: DeviceId): Deliver {
  const control = decodeControl(created.ciphertext);
  const { actor, epoch, members, creation } = control;
  const ciphertext = encodeControl({
    ...control,
    epoch: epoch + 1,
    members: members.map((member) =>
      member.user === actor
        ? { ...member, devices: [...member.devices, device].toSorted() }
        : member,
    ),
    creation,
    receipt: undefined,
    signer: undefined,
  });
  const header = {
    ...created,
    seq: created.seq + 1,
    kind: "device_added" as const,
    senderDevice: nilId<DeviceId>(),
    epoch: epoch + 1,
    previousHash: created.transcriptHash,
  };
  const sha256 = (input: Uint8Array) => hash("sha256", input, "buffer");
  return {
    ...header,
    ciphertext,
    transcriptHash: transcriptHash(sha256, created.transcriptHash, header, ciphertext, zeroHash),
  };
}

test("whoever has read of the removal, and was connected since, refuses the device there (R13)", async () => {
  const agent = await connectStaff(server);
  const customer = await connectCustomer(server);
  const phone = await connectSibling(server, customer, {}, { history: false });
  const removed = phone.sealdesk.device;
  const { id } = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const serving = await joined(agent, id);
  const user = customer.sealdesk.user.id;
  await customer.sealdesk.removeDevice(removed);
  await phone.sealdesk.close().catch(() => undefined);
  await readUntil(serving, (all) => all.some(({ kind }) => kind === "device_removed"));
  await until(() => isRecorded(agent, removedDevice(removed)));

  const again = await agent.restart({ webSocket: relay.webSocket });
  await again.sealdesk.synced();
  relay.tamper = (frame) =>
    frame.kind === "deliver" && frame.body.kind === "created"
      ? [frame, { kind: "deliver", body: addition(frame.body, removed) }]
      : [frame];
  const other = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const items = await readUntil(await joined(again, other.id), (all) => all.length >= 3);
  expect(items.map(({ kind }) => kind)).toEqual(["created", "device_added", "problem"]);
  expect(problemsOf(items)).toMatchObject([{ code: "invalid_device_record", seq: 2, user }]);
  await Promise.all([again, customer].map(({ sealdesk }) => sealdesk.close()));
});
