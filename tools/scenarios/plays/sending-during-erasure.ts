import { setTimeout as wait } from "node:timers/promises";
import type { Conversation } from "../../../client/index.ts";
import type { Scenario } from "../scenario.ts";
import { countMessages, openStored } from "../stage/attack.ts";
import { keepHead, verifyLog } from "../stage/audit.ts";
import { beginErasure, certified } from "../stage/erasure.ts";

/** Each of the two members sends so often. */
const everyMs = 40;
const beforeErasureMs = 2_000;

/** The customer and the agent send 50 messages a second while the customer is erased. */
export const sendingDuringErasure: Scenario = {
  id: "S2",
  title: "A customer is erased while 50 messages a second are sent in their conversation.",
  demands: {
    accepted: { atLeast: 1 },
    refused: { atLeast: 1 },
    refusedOtherwise: 0,
    acceptedAfterFence: 0,
    storedAfterFence: 0,
    shredded: { sameAs: "stored" },
    acceptedButLost: 0,
    opened: 0,
    certificateVerified: true,
    auditVerified: true,
  },
  async play(stage) {
    await stage.begin();
    const { system } = stage;
    const [customer, agent] = [await stage.customer(), await stage.staff("the agent")];
    const { id, texts } = await stage.talk(customer, agent);
    const head = await keepHead(stage);
    const ending = new AbortController();
    const conversations = [await customer.joined(id), await agent.joined(id)];
    const sending = conversations.map((conversation) => sendOften(conversation, ending.signal));
    stage.tell("The customer and the agent send 25 messages a second each.");
    await wait(beforeErasureMs);
    const { user } = customer;
    const { certificate, isVerified } = await certified(stage, await beginErasure(stage, user));
    await wait(beforeErasureMs);
    ending.abort();
    await customer.switchOff();
    const [ofCustomer, ofAgent] = await Promise.all(sending);
    const accepted = [...(ofCustomer?.seqs ?? []), ...(ofAgent?.seqs ?? [])];
    const refusals = ofAgent?.refusals ?? [];
    const fence = certificate.fence.find((each) => each.conversation === id)?.seq ?? 0;
    const stored = await countMessages(system, [id]);
    const { rows } = await system.administrator.query<{ seq: number }>(
      "select seq::int from sealdesk.events where conversation = $1 and kind = 1",
      [id],
    );
    const inLog = new Set(rows.map(({ seq }) => seq));
    stage.tell(
      `${accepted.length} messages were accepted before the fence, ${refusals.length} refused after it.`,
    );
    return {
      accepted: accepted.length + texts.length,
      refused: refusals.length,
      refusedOtherwise: refusals.filter((code) => code !== "subject_erased").length,
      acceptedAfterFence: accepted.filter((seq) => seq > fence).length,
      storedAfterFence: rows.filter(({ seq }) => seq > fence).length,
      stored,
      shredded: certificate.erased
        .filter((item) => item.kind === "messages" && item.id === id)
        .reduce((sum, { records }) => sum + records, 0),
      acceptedButLost: accepted.filter((seq) => !inLog.has(seq)).length,
      opened: await openStored(system, [id]),
      certificateVerified: isVerified,
      auditVerified: (await verifyLog(stage, head)).code === 0,
    };
  },
};

/** What became of the messages of a device. */
interface Sent {
  readonly seqs: readonly number[];
  readonly refusals: readonly string[];
}

/** Sends until it is told to end. Messages that wait when the device is switched off are not counted. */
async function sendOften(conversation: Conversation, signal: AbortSignal): Promise<Sent> {
  const seqs: number[] = [];
  const refusals: string[] = [];
  for (let count = 0; !signal.aborted; count++) {
    conversation.send(`Message ${count} of many.`).then(
      ({ seq }) => seqs.push(seq),
      (error: unknown) => {
        if (!signal.aborted) refusals.push(String((error as { readonly code?: string }).code));
      },
    );
    await wait(everyMs);
  }
  return { seqs, refusals };
}
