/**
 * Scenario C1: whoever joins reads nothing of before, and after a grant exactly the granted range,
 * with franking tags that verify. Real devices, a real relay.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { discloseMessage, type Disclosure } from "../../client/conversation/disclose.ts";
import { verifySignature } from "../../crypto/device/sodium.ts";
import { DeviceStore } from "../../crypto/device/store.ts";
import type { ConversationId } from "../../crypto/wire/ids.ts";
import { verifyReport, type ReportChecks } from "../../crypto/wire/report.ts";
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
import { joined, problemsOf, textsOf, type Member } from "../support/member.ts";
import { consentToSharing, putNoticeInForce, withdrawSharing } from "../support/notices.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await putNoticeInForce(server);
});
afterAll(() => server.close());

const checks: ReportChecks = {
  hmac: (key, input) => createHmac("sha256", key).update(input).digest(),
  verify: (publicKey, message, signature) => verifySignature(message, signature, publicKey),
  equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),
};

/** What reports of these messages disclose. The device is closed for that. */
async function disclosures(
  { sealdesk, level, key }: Member,
  conversation: ConversationId,
  seqs: readonly number[],
): Promise<readonly Disclosure[]> {
  await sealdesk.close();
  const store = await DeviceStore.open(level, key);
  const disclosed = await store.read((transaction) =>
    Promise.all(
      seqs.map((seq) => discloseMessage(transaction, server.tenant.id, conversation, seq)),
    ),
  );
  await store.close();
  expect(disclosed).not.toContain(undefined);
  return disclosed.filter((each) => each !== undefined);
}

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
  for (const { member, seqs } of [
    { member: colleague, seqs: places },
    // Those that a device received and sent itself as well.
    { member: customer, seqs: [2, 3] },
  ])
    for (const { message, author } of await disclosures(member, talk.id, seqs))
      expect(verifyReport(checks, frankingKey, message, author)).toBe("authentic");
  expect([...history.keys()].filter((seq) => seq < joinedSeq)).toEqual(places);
  await closeAll(arranged);
});

test("staff show the past when the organisation lets them and the customer has consented", async () => {
  const arranged = await handOver(server, 6);
  const { customer, colleague, talk, agentTalk, colleagueTalk } = arranged;
  const to = {
    to: colleague.sealdesk.user.id,
    fromSeq: 1,
    toSeq: 7,
    purpose: "hand_over",
  } as const;
  const consent = await consentToSharing(customer, talk.id);
  const asked = { ...to, consent };
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

  await withdrawSharing(customer, talk.id);
  await seen(agentTalk, granted.seq + 1);
  // The agent's device refuses before the server does.
  await expect(agentTalk.grantHistory(asked)).rejects.toMatchObject({ code: "consent_required" });
  await allowStaffGrants(ownerUrl, { ...leave, allowed: false });
  const refusals = (await server.auditEntries()).filter(
    ({ action, outcome }) => action === "history.grant" && outcome === "refused",
  );
  expect(refusals.map(({ decision }) => (decision as { reasons: string[] }).reasons)).toEqual([
    ["staff_grants_off", "role_agent"],
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
