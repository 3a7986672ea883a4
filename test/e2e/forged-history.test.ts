/**
 * Granted history in which a server and a member, or a member alone, put words into somebody's mouth. A
 * newcomer shows as said only what the sending device signed, and learns what members could not open.
 */
import { randomBytes } from "node:crypto";
import type { Conversation, ConversationItem, ProblemItem } from "../../client/index.ts";
import type { HistoryRecord } from "../../client/conversation/history.ts";
import { commit } from "../../crypto/device/franking.ts";
import { encodePayload } from "../../crypto/wire/payload.ts";
import { sign } from "../../crypto/device/sodium.ts";
import { DeviceStore } from "../../crypto/device/store.ts";
import { authorshipBytes } from "../../crypto/wire/authorship.ts";
import { zeroHash } from "../../crypto/wire/event.ts";
import type { Frame, Send } from "../../crypto/wire/frame.ts";
import { allowStaffGrants } from "../../identity/accounts/allow-staff-grants.ts";
import { rewriteHistory, seen, shown, taken } from "../support/history.ts";
import {
  connectCustomer,
  connectSibling,
  connectStaff,
  joined,
  problemsOf,
  readUntil,
  textsOf,
  type Member,
} from "../support/member.ts";
import { consentToSharing, putNoticeInForce, withdrawSharing } from "../support/notices.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { startTamperingRelay, type TamperingRelay } from "../support/tampering-relay.ts";

const backoff = { baseMs: 5, capMs: 20, stableMs: 50 };

let server: TestServer;
let relay: TamperingRelay;
const members: Member[] = [];
beforeAll(async () => {
  server = await startTestServer();
  await putNoticeInForce(server);
  const { ownerUrl } = server.database;
  await allowStaffGrants(ownerUrl, { slug: server.tenant.slug, allowed: true, nowMs: Date.now() });
});
beforeEach(async () => {
  relay = await startTamperingRelay(server);
});
afterEach(async () => {
  await Promise.all(members.splice(0).map(({ sealdesk }) => sealdesk.close()));
  await relay.close();
});
afterAll(() => server.close());

const kept = <T extends Member>(member: T): T => {
  members.push(member);
  return member;
};
const through = () => ({ webSocket: relay.webSocket, backoff });

/** A message that a dishonest sender commits to, and that no member can open. */
interface Forgery extends Pick<HistoryRecord, "payload" | "frankingKey"> {
  readonly send: Send;
  readonly commitment: Uint8Array;
}

/**
 * Replaces the commitment of the next message with one to another text. Nobody can open the message then.
 */
function forge({ sealdesk }: Member, text: string): Promise<Forgery> {
  return new Promise((resolve) => {
    relay.tamperSent = (frame: Frame) => {
      if (frame.kind !== "send") return [frame];
      relay.tamperSent = (each) => [each];
      const { conversation, epoch, clientMessageId } = frame.body;
      const payload = encodePayload({
        conversation,
        senderDevice: sealdesk.device,
        epoch,
        clientMessageId,
        lastSeen: { seq: 0, transcriptHash: zeroHash },
        body: { kind: "text", text },
      });
      const frankingKey = randomBytes(32);
      const commitment = commit(frankingKey, payload);
      const send = { ...frame.body, commitment };
      resolve({ payload, frankingKey, commitment, send });
      return [{ kind: "send", body: send }];
    };
  });
}

/** Grants everything up to `toSeq` to a newcomer, whom the grantor adds. */
async function grantTo(grantor: Conversation, customer: Member, toSeq: number) {
  const newcomer = kept(await connectStaff(server));
  await grantor.addMember(newcomer.sealdesk.user.id);
  const talk = await joined(newcomer, grantor.id);
  const consent = await consentToSharing(customer, grantor.id);
  const complete = taken(newcomer);
  const to = newcomer.sealdesk.user.id;
  const purpose = "supervision" as const;
  await grantor.grantHistory({ to, fromSeq: 1, toSeq, purpose, consent });
  await complete;
  return { newcomer, talk };
}

const at = (items: readonly ConversationItem[], seq: number) =>
  items.filter((item) => item.seq === seq);

test("a server and an agent cannot make the customer say what no device of the customer signed", async () => {
  const agent = await connectStaff(server);
  const customer = kept(await connectCustomer(server, through()));
  const talk = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const theirs = await joined(agent, talk.id);
  await talk.send("good morning");
  const forging = forge(customer, "I owe you 10,000 euros.");
  await expect(talk.send("good bye")).rejects.toMatchObject({ code: "message_altered" });
  const { payload, frankingKey } = await forging;
  await seen(theirs, 3);

  let genuine: Uint8Array | undefined;
  const liar = kept(
    await rewriteHistory(agent, talk.id, (seq, record) => {
      if (seq === 2) genuine = record.signature;
      return seq === 3 ? { ...record, payload, frankingKey, signature: genuine } : record;
    }),
  );
  const { talk: newTalk } = await grantTo(liar.sealdesk.conversation(talk.id)!, customer, 3);

  const items = await shown(newTalk, 4);
  expect(textsOf(items)).toEqual(["good morning"]);
  expect(at(items, 3)).toMatchObject([
    {
      kind: "problem",
      code: "author_unverified",
      user: liar.sealdesk.user.id,
      sender: customer.sealdesk.user.id,
    },
  ]);
});

test("an agent's own message that the log does not hold as it was sealed is not granted", async () => {
  const agent = kept(await connectStaff(server, "agent", through()));
  const customer = kept(await connectCustomer(server));
  const talk = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const theirs = await joined(agent, talk.id);
  await talk.send("shall I take the pills?");
  await theirs.send("yes");
  relay.tamperSent = (frame) => {
    if (frame.kind !== "send") return [frame];
    relay.tamperSent = (each) => [each];
    const ciphertext = Uint8Array.from(frame.body.ciphertext);
    ciphertext[ciphertext.length - 1]! ^= 1;
    return [{ kind: "send", body: { ...frame.body, ciphertext } }];
  };
  const lie = theirs.send("But I warn you of the risk.");
  await expect(lie).rejects.toMatchObject({ code: "message_altered" });
  await seen(talk, 4);
  expect(problemsOf(await shown(talk, 4))).toMatchObject([{ seq: 4, code: "undecryptable" }]);

  const { talk: newTalk } = await grantTo(theirs, customer, 4);
  const items = await shown(newTalk, 5);
  expect(textsOf(items).slice(0, 2)).toEqual(["shall I take the pills?", "yes"]);
  expect(at(items, 4)).toMatchObject([{ kind: "problem", code: "grant_omitted" }]);
});

test("an agent's message that the customer could not open is marked for a newcomer, before and after", async () => {
  const agent = await connectStaff(server, "agent", through());
  const customer = kept(await connectCustomer(server));
  const talk = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const theirs = await joined(agent, talk.id);
  await talk.send("shall I take the pills?");
  const forging = [forge(agent, "But I warn you of the risk.")];
  await expect(theirs.send("yes")).rejects.toMatchObject({ code: "message_altered" });
  await seen(talk, 3);
  // The customer's device says so with its next message.
  const answer = await talk.send("thank you");
  await seen(theirs, answer.seq);
  forging.push(forge(agent, "And do not drive."));
  await expect(theirs.send("you are welcome")).rejects.toMatchObject({ code: "message_altered" });
  await seen(talk, 5);

  const { tenant } = server;
  const { user } = agent.sealdesk;
  const forged = new Map((await Promise.all(forging)).map((each, index) => [3 + 2 * index, each]));
  await agent.sealdesk.close();
  const store = await DeviceStore.open(agent.level, agent.key);
  const privateKey = await store.read((transaction) => transaction.get("identity!receipt"));
  await store.close();
  const liar = kept(
    await rewriteHistory(await agent.restart(), talk.id, (seq, record) => {
      const forgery = forged.get(seq);
      if (forgery === undefined) return record;
      const { payload, frankingKey, commitment, send } = forgery;
      const who = { tenant: tenant.id, user: user.id, senderDevice: agent.sealdesk.device };
      return {
        ...record,
        payload,
        frankingKey,
        signature: sign(authorshipBytes({ ...send, ...who, commitment }), privateKey!),
      };
    }),
  );
  const { newcomer, talk: newTalk } = await grantTo(
    liar.sealdesk.conversation(talk.id)!,
    customer,
    5,
  );

  const mark = { kind: "problem", code: "unopened", user: customer.sealdesk.user.id };
  const items = await shown(newTalk, 6);
  expect(at(items, 3)).toMatchObject([
    { text: "But I warn you of the risk." },
    { ...mark, seq: 3 },
  ]);
  expect(at(items, 5)).toMatchObject([{ text: "And do not drive." }]);

  const later = new Promise<ProblemItem>((resolve) => {
    newcomer.sealdesk.on("problem", ({ problem }) => resolve(problem));
  });
  await talk.send("an honest message after it all");
  expect(await later).toMatchObject({ ...mark, seq: 5 });
  expect(at(await shown(newTalk, 6), 5)).toMatchObject([{ kind: "message" }, { ...mark, seq: 5 }]);
});

test("what a removed device said is shown by its certificate, and not without one", async () => {
  const agent = await connectStaff(server);
  const customer = kept(await connectCustomer(server));
  const talk = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const theirs = await joined(agent, talk.id);
  const phone = await connectSibling(server, customer);
  await joined(phone, talk.id);
  await phone.sealdesk.conversation(talk.id)!.send("from my phone");
  await readUntil(theirs, (all) => textsOf(all).includes("from my phone"));
  const { device } = phone.sealdesk;
  await phone.sealdesk.close();
  await customer.sealdesk.removeDevice(device);
  const toSeq = (await talk.send("from my computer")).seq;
  await seen(theirs, toSeq);

  const { talk: honest } = await grantTo(theirs, customer, toSeq);
  const items = await shown(honest, toSeq + 1);
  expect(textsOf(items)).toEqual(["from my phone", "from my computer"]);
  expect(problemsOf(items)).toEqual([]);

  await agent.sealdesk.close();
  const store = await DeviceStore.open(agent.level, agent.key);
  await store.transact(async (transaction) => transaction.delete(`certificate!${device}`));
  await store.close();
  const liar = kept(await agent.restart());
  // A consent that changes nothing is refused.
  await withdrawSharing(customer, talk.id);
  const { talk: misled } = await grantTo(liar.sealdesk.conversation(talk.id)!, customer, toSeq);
  const doubtful = await shown(misled, toSeq + 1);
  expect(textsOf(doubtful)).toEqual(["from my computer"]);
  expect(problemsOf(doubtful)).toMatchObject([{ code: "author_unverified" }]);
});
