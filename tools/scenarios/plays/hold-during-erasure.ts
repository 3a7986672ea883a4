import type { CaseId } from "../../../crypto/wire/ids.ts";
import type { Scenario } from "../scenario.ts";
import { countKeys } from "../stage/attack.ts";
import { keepHead, verifyLog } from "../stage/audit.ts";
import { beginErasure, certified, conversationsOf } from "../stage/erasure.ts";
import { placeHold, releaseHold } from "../stage/holds.ts";
import type { Stage } from "../stage/stage.ts";
import { StepGate } from "../stage/step-gate.ts";
import { until } from "../stage/until.ts";

const conversations = 100;
const shreddedBeforeHold = 40;

/** A hold is placed when 40 of 100 conversations are shredded. */
export const holdDuringErasure: Scenario = {
  id: "S3",
  title: "A legal hold is placed after the keys of 40 of 100 conversations were destroyed.",
  demands: {
    scopes: conversations,
    erased: shreddedBeforeHold,
    erasedAfterHold: 0,
    preserved: conversations - shreddedBeforeHold,
    keysPreserved: { sameAs: "preserved" },
    timesNamed: true,
    officersAlerted: true,
    certificateVerified: true,
    erasedLater: { sameAs: "preserved" },
    secondRefersToFirst: true,
    secondCertificateVerified: true,
    auditVerified: true,
  },
  async play(stage) {
    await stage.begin();
    const { system } = stage;
    const [customer, agent] = [await stage.customer(), await stage.staff("the agent")];
    const ids: Awaited<ReturnType<typeof customer.begin>>["id"][] = [];
    while (ids.length < conversations) {
      const conversation = await customer.begin([agent]);
      await conversation.send(`About ${customer.persona.name}, number ${ids.length}.`);
      // A customer has at most 50 open conversations.
      await conversation.close();
      ids.push(conversation.id);
    }
    stage.tell(`The customer wrote in ${ids.length} conversations.`);
    const { user } = customer;
    const head = await keepHead(stage);
    const scopes = await countKeys(system, ids);
    const gate = await StepGate.close(system);
    const id = await beginErasure(stage, user);
    const erasedBefore = await shredUntil(stage, gate, id);
    const placedAtMs = Date.now();
    const hold = await placeHold(stage, agent.user, "--subject", user);
    await gate.open();
    const first = await certified(stage, id);
    const { erased, restricted } = first.certificate;
    const messages = erased.filter(({ kind }) => kind === "messages");
    const keysPreserved = await countKeys(system, ids);
    const alerts = await stage.sealdesk("alerts", "list", "--tenant", "demo", "--json");
    const digest = await digestOf(stage, id);
    await releaseHold(stage, hold);
    const second = await certified(stage, await beginErasure(stage, user));
    return {
      scopes,
      erased: erasedBefore,
      erasedAfterHold: conversationsOf(erased).length - erasedBefore,
      preserved: conversationsOf(restricted).length,
      keysPreserved,
      timesNamed: messages.every(({ atMs }) => atMs > 0 && atMs <= placedAtMs),
      officersAlerted: alerts.includes(hold),
      certificateVerified: first.isVerified,
      erasedLater: conversationsOf(second.certificate.erased).length,
      secondRefersToFirst: second.certificate.former === digest,
      secondCertificateVerified: second.isVerified,
      auditVerified: (await verifyLog(stage, head)).code === 0,
    };
  },
};

/** Lets the erasure go on until enough is shredded. The next step has not begun then. @returns how much is */
async function shredUntil(stage: Stage, gate: StepGate, id: CaseId): Promise<number> {
  for (;;) {
    const next = await until("The next step", () => gate.moment());
    const { rows } = await stage.system.administrator.query<{ count: number }>(
      `select count(*)::int as count from sealdesk.erasure_items
       where case_id = $1 and kind = 'messages' and outcome = 'erased'`,
      [id],
    );
    const count = rows[0]?.count ?? 0;
    if (count >= shreddedBeforeHold && next === "before_step") return count;
    await gate.letOnePass();
  }
}

/** Returns the SHA-256 by which a certificate is known, in base64. */
async function digestOf(stage: Stage, id: CaseId): Promise<string> {
  const key = await stage.auditKey();
  const file = `${stage.system.home}/certificate-${id}.json`;
  const printed = await stage.sealdesk("verify", "certificate", file, "--key", key, "--json");
  return (JSON.parse(printed) as { readonly digest: string }).digest;
}
