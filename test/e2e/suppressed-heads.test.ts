import { randomBytes } from "node:crypto";
import type { Conversation, SecurityEvent } from "../../client/index.ts";
import { decodePayload } from "../../crypto/device/payload.ts";
import type { Frame } from "../../crypto/wire/frame.ts";
import type { DeviceId, UserId } from "../../crypto/wire/ids.ts";
import { encodeKeyEntry } from "../../crypto/wire/key-entry.ts";
import { newId } from "../../tools/testkit/ids.ts";
import { certificateBy } from "../support/certified.ts";
import { ed25519 } from "../support/device.ts";
import { historyOf } from "../support/history.ts";
import { connectCustomer, connectStaff, joined, type Member } from "../support/member.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { ShownLog } from "../support/shown-log.ts";
import { startTamperingRelay, type TamperingRelay } from "../support/tampering-relay.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** What of the own messages in a conversation carries a head, in order. The device is closed. */
async function toldIn(member: Member, { id }: Conversation): Promise<boolean[]> {
  const records = [...(await historyOf(member, id)).values()];
  return records.flatMap(({ payload, sender }) =>
    payload === undefined || sender !== member.sealdesk.user.id
      ? []
      : [decodePayload(payload).keyLogHead !== undefined],
  );
}

test("the first message to a new contact carries the head, from both sides", async () => {
  const agent = await connectStaff(server);
  const customer = await connectCustomer(server);
  const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const serving = await joined(agent, asking.id);
  await asking.send("can you help me?");
  await serving.send("of course");
  expect((await toldIn(customer, asking))[0]).toBe(true);
  expect((await toldIn(agent, serving))[0]).toBe(true);
});

type Send = Extract<Frame, { kind: "send" }>["body"];
const refused = ({ conversation, clientMessageId, epoch }: Send, code: string): Frame => {
  const lists = { devices: [], missing: [], extra: [], stale: [] };
  const why = { code, message: "", epoch, retryAfterMs: 0 };
  return { kind: "refused", body: { conversation, clientMessageId, ...why, ...lists } };
};
const accepted = ({ conversation, clientMessageId }: Send, seq: number): Frame => ({
  kind: "accepted",
  body: {
    conversation,
    clientMessageId,
    seq,
    receivedAtMs: Date.now(),
    transcriptHash: randomBytes(32),
    frankingTag: randomBytes(32),
  },
});

/** What a server does with a message instead of storing it. `next` is the next place in the log. */
type Act = (
  relay: TamperingRelay,
  answer: (frame: Frame) => void,
  send: Send,
  next: number,
) => void;
const expire: Act = (_relay, answer, send) => answer(refused(send, "key_expired"));
const refuse: Act = (_relay, answer, send) => answer(refused(send, "message_too_large"));
const lose: Act = (relay) => relay.cut();
const pretend: Act = (_relay, answer, send, next) => answer(accepted(send, next));

/** What it does with the first messages of an epoch, one after the other. */
const suppressions: readonly (readonly [string, readonly Act[]])[] = [
  ["says that its key has expired", [expire]],
  ["refuses it for good", [refuse]],
  ["loses it with the connection, and says then that its key has expired", [lose, expire]],
  ["says that it has it, and after another connection that its key has expired", [pretend, expire]],
];

test.each(suppressions)(
  "a server with two logs is caught, though with the first message of an epoch it %s",
  async (_what, acts) => {
    const one = new ShownLog(server);
    const other = new ShownLog(server, one);
    other.append(ghostEntry());
    const [mine, theirs] = await Promise.all([suppressing(acts), suppressing(acts)]);
    const backoff = { baseMs: 5, capMs: 20, stableMs: 50 };
    const agent = await connectStaff(server, "agent", {
      runtime: { fetch: one.fetch },
      webSocket: mine.webSocket,
      backoff,
    });
    const customer = await connectCustomer(server, {
      runtime: { fetch: other.fetch },
      webSocket: theirs.webSocket,
      backoff,
    });
    const alarm = new Promise<SecurityEvent>((resolve) => {
      for (const { sealdesk } of [agent, customer]) sealdesk.on("security", resolve);
    });
    const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
    const serving = await joined(agent, asking.id);
    for (const text of ["do you see what I see?", "I do not know"])
      for (const speaker of [asking, serving]) await speaker.send(text).catch(() => undefined);
    expect(await alarm).toMatchObject({ code: "key_log_inconsistent" });
    await Promise.all([agent, customer].map(({ sealdesk }) => sealdesk.close()));
    await Promise.all([mine.close(), theirs.close()]);
  },
);

/** A relay that does this with the first messages that a device sends in each epoch. */
async function suppressing(acts: readonly Act[]): Promise<TamperingRelay> {
  const relay = await startTamperingRelay(server);
  const sends = new Map<string, number>();
  let last = 0;
  relay.tamper = (frame) => {
    if (frame.kind === "deliver" || frame.kind === "accepted") last = frame.body.seq;
    return [frame];
  };
  relay.tamperSent = (frame, answer) => {
    if (frame.kind !== "send") return [frame];
    const epoch = `${frame.body.conversation} ${frame.body.epoch}`;
    const before = sends.get(epoch) ?? 0;
    sends.set(epoch, before + 1);
    const act = acts[before];
    act?.(relay, answer, frame.body, last + 1);
    return act === undefined ? [frame] : [];
  };
  return relay;
}

/** A device of nobody, in the log that only some are shown. */
function ghostEntry(): Uint8Array {
  const key = ed25519();
  const record = {
    tenant: server.tenant.id,
    user: newId<UserId>(),
    device: newId<DeviceId>(),
    accountKey: ed25519().publicKey,
    deviceKey: key.publicKey,
    identityKey: new Uint8Array(randomBytes(33)),
    receiptKey: ed25519().publicKey,
  };
  const certificate = certificateBy(record, key);
  return encodeKeyEntry({
    change: "device_added",
    version: 1,
    record,
    certificate,
    list: undefined,
  });
}
