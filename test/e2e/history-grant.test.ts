/**
 * Scenario C1: whoever joins reads nothing of before, and after a grant exactly the granted range,
 * with franking tags that verify. Real devices, a real relay.
 */
import { createHmac } from "node:crypto";
import { payloadCommitment } from "../../crypto/wire/commitment.ts";
import { frankingTag } from "../../crypto/wire/event.ts";
import { allowStaffGrants } from "../../identity/accounts/allow-staff-grants.ts";
import { readServerKeys } from "../../tools/testkit/server-keys.ts";
import {
  closeAll,
  handOver,
  historyOf,
  said,
  seen,
  shown,
  siblingOf,
  taken,
} from "../support/history.ts";
import { joined, problemsOf, textsOf } from "../support/member.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const hmac = (key: Uint8Array, input: Uint8Array) =>
  createHmac("sha256", key).update(input).digest();

test("a newcomer reads nothing of before, then exactly what was granted, where it belongs", async () => {
  const arranged = await handOver(server, 50);
  const { customer, agent, colleague, talk, agentTalk, colleagueTalk, joinedSeq } = arranged;
  expect(textsOf(await shown(colleagueTalk, joinedSeq))).toEqual([]);

  const complete = taken(colleague);
  const steps: number[] = [];
  customer.sealdesk.on("history", ({ progress }) => steps.push(progress.done));
  const granted = await talk.grantHistory({
    to: colleague.sealdesk.user.id,
    fromSeq: 12,
    toSeq: 41,
    purpose: "hand_over",
  });
  expect(await complete).toMatchObject({ grant: granted.id, fromSeq: 12, toSeq: 41, done: 30 });
  expect([steps[0], steps.at(-1)]).toEqual([0, 30]);

  const items = await shown(colleagueTalk, granted.seq);
  expect(problemsOf(items)).toEqual([]);
  expect(textsOf(items)).toEqual(said(11, 40));
  const places = Array.from({ length: 30 }, (_, index) => 12 + index);
  expect(items.map(({ seq }) => seq)).toEqual([...places, joinedSeq, granted.seq]);
  const [first, second] = items;
  expect(first).toMatchObject({
    sender: agent.sealdesk.user.id,
    grantedBy: customer.sealdesk.user.id,
  });
  expect(second).toMatchObject({ sender: customer.sealdesk.user.id, own: false });
  // Everyone sees what was granted, to whom, by whom and why.
  for (const each of [talk, agentTalk, colleagueTalk])
    expect((await shown(each, granted.seq)).at(-1)).toMatchObject({
      kind: "history_granted",
      grant: {
        id: granted.id,
        fromSeq: 12,
        toSeq: 41,
        purpose: "hand_over",
        grantor: customer.sealdesk.user.id,
        recipient: colleague.sealdesk.user.id,
      },
    });

  // What a report of each message would disclose verifies with the relay's key.
  const { frankingKey } = await readServerKeys({
    home: server.home,
    ownerUrl: server.database.ownerUrl,
  });
  const history = await historyOf(colleague, talk.id);
  for (const seq of places) {
    const record = history.get(seq)!;
    const commitment = payloadCommitment(hmac, record.frankingKey!, record.payload!);
    const header = { ...record, kind: "message" as const, conversation: talk.id, seq, keyId: "" };
    const tag = frankingTag(hmac, frankingKey, header, commitment);
    expect(Buffer.from(record.frankingTag).equals(tag)).toBe(true);
  }
  expect([...history.keys()].filter((seq) => seq < joinedSeq)).toEqual(places);
  await closeAll(arranged);
});

test("staff show the past when the organisation lets them and the customer has consented", async () => {
  const arranged = await handOver(server, 6);
  const { colleague, talk, agentTalk, colleagueTalk } = arranged;
  const to = {
    to: colleague.sealdesk.user.id,
    fromSeq: 1,
    toSeq: 7,
    purpose: "hand_over",
  } as const;
  const consent = await talk.consentToHistorySharing("given");
  const asked = { ...to, consent: consent.id };
  await seen(agentTalk, consent.seq);
  await expect(agentTalk.grantHistory(asked)).rejects.toMatchObject({ code: "forbidden" });

  const { ownerUrl } = server.database;
  const leave = { slug: server.tenant.slug, allowed: true, nowMs: Date.now() };
  await allowStaffGrants(ownerUrl, leave);
  await expect(agentTalk.grantHistory(to)).rejects.toMatchObject({ code: "forbidden" });
  const complete = taken(colleague);
  const granted = await agentTalk.grantHistory(asked);
  await complete;
  const items = await shown(colleagueTalk, granted.seq);
  expect(problemsOf(items)).toEqual([]);
  expect(textsOf(items)).toEqual(said(1, 6));
  expect(items.map(({ kind }) => kind)).toContain("consent_changed");
  // The beginning of the conversation is part of the range.
  expect(items[0]).toMatchObject({ kind: "created", seq: 1 });

  await talk.consentToHistorySharing("withdrawn");
  await expect(agentTalk.grantHistory(asked)).rejects.toMatchObject({ code: "forbidden" });
  await allowStaffGrants(ownerUrl, { ...leave, allowed: false });
  const refusals = (await server.auditEntries()).filter(
    ({ action, outcome }) => action === "history.grant" && outcome === "refused",
  );
  expect(refusals.map(({ decision }) => (decision as { reasons: string[] }).reasons)).toEqual([
    ["staff_grants_off", "role_agent"],
    ["no_consent", "role_agent"],
    ["no_consent", "role_agent"],
  ]);
  await closeAll(arranged);
});

test("a second device of an account gets the history from its sibling alone", async () => {
  const arranged = await handOver(server, 6);
  const { agent, agentTalk, talk, joinedSeq } = arranged;
  const sibling = await siblingOf(server, agent);
  const siblingTalk = await joined(sibling, talk.id);
  const linkedAt = joinedSeq + 1;
  await seen(agentTalk, linkedAt);
  expect(textsOf(await shown(siblingTalk, linkedAt))).toEqual([]);

  const complete = taken(sibling);
  const granted = await agentTalk.grantHistory({
    to: agent.sealdesk.user.id,
    fromSeq: 1,
    toSeq: joinedSeq,
    purpose: "own_device",
  });
  expect(await complete).toMatchObject({ done: joinedSeq, total: joinedSeq });
  const items = await shown(siblingTalk, granted.seq);
  expect(problemsOf(items)).toEqual([]);
  expect(textsOf(items)).toEqual(said(1, 6));
  await sibling.sealdesk.close();
  await closeAll(arranged);
});
