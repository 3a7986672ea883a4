import { DeviceStore } from "../../crypto/device/store.ts";
import {
  type Conversation,
  type ConversationItem,
  type Fetch,
  type HistoryProgress,
} from "../../client/index.ts";
import { readHistory, saveRecord, type HistoryRecord } from "../../client/conversation/history.ts";
import {
  connect,
  connectSibling,
  connectCustomer,
  connectStaff,
  copyOf,
  joined,
  readUntil,
  textsOf,
  type Member,
} from "./member.ts";
import type { TestServer } from "./server.ts";
import type { ConversationId } from "../../crypto/wire/ids.ts";

/** A customer and an agent who have talked, and a colleague who has just joined. */
export interface HandOver {
  readonly customer: Member;
  readonly agent: Member;
  readonly colleague: Member;
  /** The conversation as each of them has it. */
  readonly talk: Conversation;
  readonly agentTalk: Conversation;
  readonly colleagueTalk: Conversation;
  /** The event that brought the colleague in. */
  readonly joinedSeq: number;
}

/** `message 1` is event 2, and so on; the agent says the odd ones. */
export async function handOver(server: TestServer, messages: number): Promise<HandOver> {
  const customer = await connectCustomer(server);
  const agent = await connectStaff(server);
  const talk = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const agentTalk = await joined(agent, talk.id);
  for (let index = 1; index <= messages; index++)
    await (index % 2 === 0 ? talk : agentTalk).send(`message ${index}`);
  const colleague = await connectStaff(server);
  await agentTalk.addMember(colleague.sealdesk.user.id);
  const joinedSeq = messages + 2;
  const colleagueTalk = await joined(colleague, talk.id);
  for (const each of [talk, agentTalk, colleagueTalk]) await seen(each, joinedSeq);
  return { customer, agent, colleague, talk, agentTalk, colleagueTalk, joinedSeq };
}

export const closeAll = ({ customer, agent, colleague }: HandOver): Promise<unknown> =>
  Promise.all([customer, agent, colleague].map(({ sealdesk }) => sealdesk.close()));

/** Resolves when the conversation has the event `seq`. */
export async function seen(conversation: Conversation, seq: number): Promise<void> {
  await readUntil(conversation, (items) => items.some((item) => item.seq >= seq), seq - 1);
}

/** Everything of the conversation up to the event `seq`, as it is shown now. */
export async function shown(conversation: Conversation, seq: number): Promise<ConversationItem[]> {
  return readUntil(conversation, (items) => items.some((item) => item.seq >= seq));
}

/** What was said from `message from` to `message to`. */
export const said = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `message ${from + index}`);

export const textsIn = (items: readonly ConversationItem[], from: number, to: number): string[] =>
  textsOf(items.filter(({ seq }) => seq >= from && seq <= to));

/** The end of the next grant that comes to this device. */
export function taken(member: Member): Promise<HistoryProgress> {
  return new Promise((resolve) => {
    const stop = member.sealdesk.on("history", ({ progress }) => {
      if (progress.direction !== "receiving" || progress.done < progress.total) return;
      stop();
      resolve(progress);
    });
  });
}

/** Changes what a device remembers of events, behind its back, and starts it again. */
export async function rewriteHistory(
  member: Member,
  conversation: ConversationId,
  change: (seq: number, record: HistoryRecord) => HistoryRecord,
): Promise<Member> {
  await member.sealdesk.close();
  const store = await DeviceStore.open(member.level, member.key);
  await store.transact(async (transaction) => {
    for (const [seq, record] of await readHistory(transaction, conversation, 0, 1000))
      saveRecord(transaction, conversation, seq, change(seq, record));
  });
  await store.close();
  return member.restart();
}

/** What a device remembers of events; it is closed for that. */
export async function historyOf(
  member: Member,
  conversation: ConversationId,
): Promise<ReadonlyMap<number, HistoryRecord>> {
  await member.sealdesk.close();
  const store = await DeviceStore.open(member.level, member.key);
  const records = await store.read((transaction) =>
    readHistory(transaction, conversation, 0, 1000),
  );
  await store.close();
  return new Map(records);
}

/** A further device of a member's account, which is linked without the history. */
export const siblingOf = (server: TestServer, member: Member): Promise<Member> =>
  connectSibling(server, member, {}, { history: false });

/** A network that is whole until a request is `matched`, and dead from then on. */
export function cutAt(
  matched: (method: string, url: string) => boolean,
  answerLost = false,
): { readonly fetch: Fetch; readonly cut: Promise<void> } {
  let dead = false;
  let announce: () => void = () => undefined;
  const cut = new Promise<void>((resolve) => (announce = resolve));
  return {
    cut,
    async fetch(url, init) {
      const isIt = !dead && matched(init.method, url);
      // The server does what it was asked, and nobody hears of it.
      if (isIt && answerLost) await globalThis.fetch(url, init);
      dead ||= isIt;
      if (isIt) announce();
      if (dead) throw new TypeError("the network is gone");
      return globalThis.fetch(url, init);
    },
  };
}

/** What the device is after a crash at this moment: its disk, and nothing else of it. */
export async function crashed(server: TestServer, member: Member): Promise<Member> {
  const level = await copyOf(member.level);
  await member.sealdesk.close();
  return connect(server, member.credentials, { level }, member.key);
}
