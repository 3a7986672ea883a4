import { openRequestLink } from "../../../client/index.ts";
import type { CaseId } from "../../../crypto/wire/ids.ts";
import type { Scenario } from "../scenario.ts";
import { keepHead, verifyLog } from "../stage/audit.ts";
import { certified, countCertificates, reached } from "../stage/erasure.ts";
import type { Stage } from "../stage/stage.ts";
import { until } from "../stage/until.ts";

const DAY_MS = 86_400_000;
const repeats = 20;
/** Of these, so many come by e-mail. */
const emails = 4;

/** The same request comes 20 times, over several channels. */
export const repeatedRequests: Scenario = {
  id: "S8",
  title:
    "A customer asks for erasure 20 times: in the application, by letter, and by e-mail in two spellings.",
  demands: {
    acknowledgements: repeats,
    requestsNamed: 1,
    requestsByEmail: 1,
    channels: 3,
    spellings: 2,
    requests: 1,
    receipts: { sameAs: "acknowledgements" },
    earliestStartsClock: true,
    plans: 1,
    secondRefused: true,
    certificates: 1,
    answered: true,
    certificateVerified: true,
    auditVerified: true,
  },
  async play(stage) {
    await stage.begin();
    const { system } = stage;
    const [customer, agent] = [await stage.customer(), await stage.staff("the agent")];
    await stage.talk(customer, agent);
    const { user } = customer;
    const head = await keepHead(stage);
    const letters = lettersOf(stage);
    const acknowledged: string[] = [];
    let link = "";
    for (const receivedAtMs of letters) {
      const answer = await customer.sealdesk.rights.request("erasure");
      acknowledged.push(answer.id, await recordLetter(stage, user, receivedAtMs));
      link = answer.link;
    }
    const { email } = customer.persona;
    const spellings = [email, email.toUpperCase()];
    const byEmail: string[] = [];
    for (const address of Array.from(
      { length: emails },
      (_, index) => spellings[index % 2] ?? email,
    ))
      byEmail.push(await answerEmail(stage, address));
    const [assigned = ""] = byEmail;
    await stage.sealdesk("request", "assign", assigned, "--tenant", "demo", "--subject", user);
    stage.tell(`The request was acknowledged ${acknowledged.length + byEmail.length} times.`);
    const { rows: requests } = await system.administrator.query<{
      receivedAtMs: number;
      receipts: number;
      channels: number;
    }>(REQUESTS, [user]);
    const decide = ["--decision", "accepted", "--window-hours", "1"];
    const request = acknowledged[0] ?? "";
    await stage.sealdesk("request", "decide", request, "--tenant", "demo", ...decide);
    stage.tell("An officer accepts the request, and the erasure begins.");
    const again = await stage.attempt("erase", "run", user, "--tenant", "demo");
    const { rows: erasures } = await system.administrator.query<{ id: CaseId }>(
      "select case_id as id from sealdesk.erasures where subject = $1",
      [user],
    );
    const [erasure] = erasures;
    if (erasure === undefined) throw new Error("The accepted request began no erasure.");
    await reached(stage, erasure.id, "contestable");
    await system.administrator.query("update sealdesk.cases set wake_at_ms = 0 where id = $1", [
      erasure.id,
    ]);
    stage.tell("The hour in which it can be contested is over.");
    const { isVerified } = await certified(stage, erasure.id);
    const answered = await until("The answer on the page of the request", async () => {
      const { state } = await (await openRequestLink(link)).status();
      return state === "answered" ? true : undefined;
    });
    return {
      acknowledgements: acknowledged.length + byEmail.length,
      // Until an officer said whose it was, the e-mails were a request of their own.
      requestsNamed: new Set(acknowledged).size,
      requestsByEmail: new Set(byEmail).size,
      spellings: new Set(spellings).size,
      channels: requests[0]?.channels ?? 0,
      requests: requests.length,
      receipts: requests.reduce((sum, { receipts }) => sum + receipts, 0),
      earliestStartsClock: Number(requests[0]?.receivedAtMs) === Math.min(...letters),
      plans: erasures.length,
      secondRefused: again.code !== 0,
      certificates: await countCertificates(stage, [user]),
      answered,
      certificateVerified: isVerified,
      auditVerified: (await verifyLog(stage, head)).code === 0,
    };
  },
};

const REQUESTS = `
  select r.received_at_ms as "receivedAtMs", count(n.*)::int as receipts,
    count(distinct n.channel)::int as channels
  from sealdesk.requests r join sealdesk.cases c on c.id = r.id
    join sealdesk.request_receipts n on n.request = r.id
  where c.subject = $1 group by r.id, r.received_at_ms`;

/** Records a letter, which may have come before. @returns the id of the request that it belongs to */
async function recordLetter(stage: Stage, user: string, receivedAtMs: number): Promise<string> {
  const asked = ["--tenant", "demo", "--subject", user, "--right", "erasure"];
  const received = ["--received-on", new Date(receivedAtMs).toISOString()];
  const opened = await stage.sealdesk("request", "open", ...asked, ...received);
  return /^Request (\S+)/.exec(opened)?.[1] ?? "";
}

/** Records an e-mail, and opens the link that is sent to its address. @returns the id of the request */
async function answerEmail(stage: Stage, address: string): Promise<string> {
  const asked = ["--tenant", "demo", "--right", "erasure"];
  const sent = await stage.tellSealdesk(`${address}\n`, "request", "open-by-email", ...asked);
  const [, tenant = "", secret = ""] = /#([^.\s]+)\.(\S+)/.exec(sent) ?? [];
  const opened = await fetch(`${stage.system.url}/v1/email-request-verification`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ tenant, secret }),
  });
  if (opened.status !== 201) throw new Error(`The link was refused: ${await opened.text()}`);
  return ((await opened.json()) as { readonly id: string }).id;
}

/** When the letters were received, in the order in which they are recorded: one of each of the last days. */
const lettersOf = ({ random }: Stage): readonly number[] => {
  const nowMs = Date.now();
  const days = Array.from({ length: (repeats - emails) / 2 }, (_, day) => day + 1);
  return days
    .map((day) => ({ atMs: nowMs - day * DAY_MS, order: random.next() }))
    .toSorted((one, other) => one.order - other.order)
    .map(({ atMs }) => atMs);
};
