import type { Scenario } from "../scenario.ts";
import { countEntries, countKeys, openStored } from "../stage/attack.ts";
import { keepHead, verifyLog } from "../stage/audit.ts";
import { beginErasure, certified, conversationsOf } from "../stage/erasure.ts";
import { placeHold, releaseHold } from "../stage/holds.ts";
import type { Stage } from "../stage/stage.ts";
import { until } from "../stage/until.ts";

const DAY_MS = 86_400_000;
const attendWithinDays = 30;

/** A hold that deferred an erasure is released. */
export const releasedHold: Scenario = {
  id: "S13",
  title: "A hold that deferred an erasure is released, and nobody sees to the erasure for 30 days.",
  demands: {
    restricted: 1,
    reopenedBefore: 0,
    reopened: 1,
    dueInDays: attendWithinDays,
    keysBefore: { atLeast: 1 },
    keysAfterRelease: { sameAs: "keysBefore" },
    escalated: 1,
    keysAfterEscalation: { sameAs: "keysBefore" },
    reopenedAfterAttending: 0,
    erasedInTheEnd: 1,
    opened: 0,
    certificateVerified: true,
    auditVerified: true,
  },
  async play(stage) {
    await stage.begin();
    const { system } = stage;
    const [customer, agent] = [await stage.customer(), await stage.staff("the agent")];
    const { id } = await stage.talk(customer, agent);
    const { user } = customer;
    const head = await keepHead(stage);
    const hold = await placeHold(stage, agent.user, "--conversation", id);
    const first = await certified(stage, await beginErasure(stage, user));
    const keysBefore = await countKeys(system, [id]);
    const reopenedBefore = (await listReopened(stage)).length;
    await releaseHold(stage, hold);
    const reopened = await listReopened(stage);
    const [waiting] = reopened;
    const keysAfterRelease = await countKeys(system, [id]);
    stage.tell("The erasure waits for an officer. Nothing is destroyed without them.");
    const escalated = await letTimePass(stage);
    const keysAfterEscalation = await countKeys(system, [id]);
    await stage.sealdesk("hold", "attend", waiting?.erasure ?? "", "--tenant", "demo");
    const reopenedAfterAttending = (await listReopened(stage)).length;
    const second = await certified(stage, await beginErasure(stage, user));
    return {
      restricted: conversationsOf(first.certificate.restricted).length,
      reopenedBefore,
      reopened: reopened.length,
      dueInDays: waiting === undefined ? 0 : (waiting.dueAtMs - waiting.reopenedAtMs) / DAY_MS,
      keysBefore,
      keysAfterRelease,
      escalated,
      keysAfterEscalation,
      reopenedAfterAttending,
      erasedInTheEnd: conversationsOf(second.certificate.erased).length,
      opened: await openStored(system, [id]),
      certificateVerified: first.isVerified && second.isVerified,
      auditVerified: (await verifyLog(stage, head)).code === 0,
    };
  },
};

interface Waiting {
  readonly erasure: string;
  readonly dueAtMs: number;
  readonly reopenedAtMs: number;
}

const listReopened = async (stage: Stage): Promise<readonly Waiting[]> =>
  JSON.parse(await stage.sealdesk("hold", "reopened", "--tenant", "demo", "--json")) as Waiting[];

/** Makes the 30 days pass: the erasure is due now. @returns how many alerts were raised */
async function letTimePass(stage: Stage): Promise<number> {
  const { administrator } = stage.system;
  await administrator.query(
    "update sealdesk.deferred_erasures set due_at_ms = sealdesk.database_now_ms() where reopened_at_ms is not null",
  );
  const count = await until("The escalation", async () => {
    const found = await countEntries(stage.system, {
      action: "hold.escalate",
      outcome: "success",
    });
    return found > 0 ? found : undefined;
  });
  stage.tell("Nobody saw to it for 30 days. Officers are alerted.");
  return count;
}
