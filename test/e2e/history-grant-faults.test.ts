/** History grants by those who lie, over networks that fail, on devices that crash. */
import { type HistoryRecord } from "../../client/conversation/history.ts";
import {
  closeAll,
  crashed,
  cutAt,
  handOver,
  rewriteHistory,
  said,
  seen,
  shown,
  taken,
  textsIn,
} from "../support/history.ts";
import { problemsOf, readUntil, type Member } from "../support/member.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import type { Fetch } from "../../client/index.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const grantOf = (colleague: Member, toSeq: number) =>
  ({ to: colleague.sealdesk.user.id, fromSeq: 2, toSeq, purpose: "hand_over" }) as const;

/** Replaces a word of the payload with another of the same length. */
function altered(record: HistoryRecord): HistoryRecord {
  const payload = Buffer.from(record.payload!);
  payload.set(Buffer.from("massage"), payload.indexOf("message"));
  return { ...record, payload };
}

test("a grantor who alters, leaves out or swaps messages is caught, and each is named", async () => {
  const arranged = await handOver(server, 8);
  const { customer, colleague, talk, colleagueTalk } = arranged;
  let fourth: HistoryRecord | undefined;
  await rewriteHistory(customer, talk.id, (seq, record) => {
    if (seq === 4) fourth = record;
    switch (seq) {
      case 3:
        return altered(record);
      case 6:
        return { ...record, payload: undefined, frankingKey: undefined };
      case 8:
        return { ...record, payload: fourth?.payload, frankingKey: fourth?.frankingKey };
      default:
        return record;
    }
  }).then(async (liar) => {
    const live: unknown[] = [];
    colleague.sealdesk.on("problem", ({ problem }) => live.push([problem.seq, problem.code]));
    const complete = taken(colleague);
    const { seq } = await liar.sealdesk.conversation(talk.id)!.grantHistory(grantOf(colleague, 9));
    await complete;
    const named = [
      [3, "grant_altered"],
      [6, "grant_omitted"],
      [8, "grant_altered"],
    ];
    const items = await shown(colleagueTalk, seq);
    expect(problemsOf(items).map((problem) => [problem.seq, problem.code])).toEqual(named);
    expect(live).toEqual(named);
    expect(problemsOf(items)[0]).toMatchObject({ user: liar.sealdesk.user.id });
    // What is good is shown, what is not is not.
    expect(textsIn(items, 2, 9)).toEqual([1, 3, 4, 6, 8].map((index) => `message ${index}`));
    await liar.sealdesk.close();
  });
  await closeAll(arranged);
});

test("a relay that gives other hashes than the newcomer has seen cannot help a liar", async () => {
  const arranged = await handOver(server, 4);
  const { colleague, talk } = arranged;
  // The relay says of event 3 that another commitment was made.
  const fetch: Fetch = async (url, init) => {
    const response = await globalThis.fetch(url, init);
    if (!url.includes("/links?")) return response;
    const body = (await response.json()) as { links: { seq: number; commitment: string }[] };
    for (const link of body.links) if (link.seq === 3) link.commitment = "A".repeat(43);
    const headers = response.headers;
    return { ok: true, status: 200, headers, text: async () => JSON.stringify(body) };
  };
  const misled = await colleague.restart({ runtime: { fetch } });
  const reported = new Promise((resolve) => {
    misled.sealdesk.on("problem", ({ problem }) => resolve(problem));
  });
  const { seq } = await talk.grantHistory(grantOf(colleague, 5));
  expect(await reported).toMatchObject({ code: "grant_unverifiable" });
  const items = await readUntil(
    misled.sealdesk.conversation(talk.id)!,
    (all) => problemsOf(all).length > 0,
  );
  expect(textsIn(items, 1, seq)).toEqual([]);
  expect(problemsOf(items)).toMatchObject([{ seq, code: "grant_unverifiable" }]);
  await misled.sealdesk.close();
  await closeAll(arranged);
});

describe("a grantor that crashes", () => {
  const places = [
    ["before its pack is uploaded", (method: string) => method === "PATCH", false],
    [
      "after its pack is uploaded",
      (_: string, url: string) => url.endsWith("/history-grants"),
      false,
    ],
    [
      "when the answer to its grant is lost",
      (_: string, url: string) => url.endsWith("/history-grants"),
      true,
    ],
  ] as const;
  test.each(places)("%s grants once", async (_name, matched, answerLost) => {
    const arranged = await handOver(server, 6);
    const { customer, colleague, talk, colleagueTalk } = arranged;
    const { fetch, cut } = cutAt(matched, answerLost);
    const doomed = await customer.restart({ runtime: { fetch } });
    const granting = doomed.sealdesk.conversation(talk.id)!.grantHistory(grantOf(colleague, 7));
    granting.catch(() => undefined);
    const complete = taken(colleague);
    await cut;
    const back = await crashed(server, doomed);
    await complete;
    const { rows } = await server.database.owner.query(
      "select seq from sealdesk.history_grants where conversation = $1",
      [talk.id],
    );
    expect(rows).toHaveLength(1);
    const items = await shown(colleagueTalk, rows[0].seq);
    expect(problemsOf(items)).toEqual([]);
    expect(textsIn(items, 2, 7)).toEqual(said(1, 6));
    await back.sealdesk.close();
    await closeAll(arranged);
  });
});

describe("a newcomer that crashes", () => {
  const places = [
    ["before it has read the log's hashes", (_: string, url: string) => url.includes("/links?")],
    [
      "before it has the pack",
      (method: string, url: string) => method === "GET" && url.includes("/attachments/"),
    ],
  ] as const;
  test.each(places)("%s goes on where it was", async (_name, matched) => {
    const arranged = await handOver(server, 6);
    const { colleague, talk } = arranged;
    const { fetch, cut } = cutAt(matched);
    const doomed = await colleague.restart({ runtime: { fetch } });
    await seen(doomed.sealdesk.conversation(talk.id)!, arranged.joinedSeq);
    const { seq } = await talk.grantHistory(grantOf(colleague, 7));
    await cut;
    const back = await crashed(server, doomed);
    const conversation = back.sealdesk.conversation(talk.id)!;
    // It may be done before anybody could listen for it.
    let items = await shown(conversation, seq);
    while (textsIn(items, 2, 7).length < 6) {
      await new Promise((resolve) => setImmediate(resolve));
      items = await shown(conversation, seq);
    }
    expect(problemsOf(items)).toEqual([]);
    expect(textsIn(items, 2, 7)).toEqual(said(1, 6));
    await back.sealdesk.close();
    await closeAll(arranged);
  });
});
