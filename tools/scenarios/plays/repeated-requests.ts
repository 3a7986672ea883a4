import type { Scenario } from "../scenario.ts";
import { keepHead, verifyLog } from "../stage/audit.ts";
import { beginErasure, certified } from "../stage/erasure.ts";
import type { Customer, Stage } from "../stage/stage.ts";

const DAY_MS = 86_400_000;
const repeats = 20;

/** The same request comes 20 times, over several channels. */
export const repeatedRequests: Scenario = {
  id: "S8",
  title: "A customer asks for erasure 20 times: in the application and by letter.",
  demands: {
    acknowledgements: repeats,
    links: { sameAs: "acknowledgements" },
    channels: { atLeast: 2 },
    requests: 1,
    receipts: { sameAs: "acknowledgements" },
    earliestStartsClock: true,
    plans: 1,
    certificates: 1,
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
    const links: string[] = [];
    for (const receivedAtMs of letters)
      links.push(await askInApplication(customer), await recordLetter(stage, user, receivedAtMs));
    stage.tell(`The request was acknowledged ${links.length} times.`);
    const { rows: requests } = await system.administrator.query<{
      receivedAtMs: number;
      receipts: number;
      channels: number;
    }>(REQUESTS, [user]);
    const first = await beginErasure(stage, user);
    const second = await stage.attempt("erase", "run", user, "--tenant", "demo");
    const { isVerified } = await certified(stage, first);
    const { rows: erasures } = await system.administrator.query<{ certified: boolean }>(
      "select certified_at_ms is not null as certified from sealdesk.erasures where subject = $1",
      [user],
    );
    return {
      acknowledgements: links.length,
      links: new Set(links).size,
      channels: requests[0]?.channels ?? 0,
      requests: requests.length,
      receipts: requests.reduce((sum, { receipts }) => sum + receipts, 0),
      earliestStartsClock: Number(requests[0]?.receivedAtMs) === Math.min(...letters),
      plans: second.code === 0 ? 2 : erasures.length,
      certificates: erasures.filter((each) => each.certified).length,
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

/** @returns the link of the acknowledgement */
const askInApplication = async ({ sealdesk }: Customer): Promise<string> =>
  (await sealdesk.rights.request("erasure")).link;

/** Records a letter, which may have come before. @returns the link of the acknowledgement */
async function recordLetter(stage: Stage, user: string, receivedAtMs: number): Promise<string> {
  const asked = ["--tenant", "demo", "--subject", user, "--right", "erasure"];
  const received = ["--received-on", new Date(receivedAtMs).toISOString()];
  const opened = await stage.sealdesk("request", "open", ...asked, ...received);
  return /nobody else: (\S+)/.exec(opened)?.[1] ?? "";
}

/** When the letters were received, in the order in which they are recorded: one of each of the last days. */
const lettersOf = ({ random }: Stage): readonly number[] => {
  const nowMs = Date.now();
  const days = Array.from({ length: repeats / 2 }, (_, day) => day + 1);
  return days
    .map((day) => ({ atMs: nowMs - day * DAY_MS, order: random.next() }))
    .toSorted((one, other) => one.order - other.order)
    .map(({ atMs }) => atMs);
};
