import {
  SealdeskError,
  type Conversation,
  type ConversationId,
  type UserId,
} from "../../../client/index.ts";
import type { Judgement } from "../../../bot/next-reply.ts";
import { followConversation } from "../../../bot/follow-conversation.ts";
import type { HandOver } from "../../../bot/talk.ts";
import { botTexts } from "../../support/bot-config.ts";
import { newId } from "../../../tools/testkit/ids.ts";

const self = newId<UserId>();
const customer = newId<UserId>();
const members = [
  { user: self, role: "bot" },
  { user: customer, role: "customer" },
];

type Items = readonly Record<string, unknown>[];

/** A conversation whose device has a message in its outbox, as after a crash. */
class WaitingConversation {
  readonly id = newId<ConversationId>();
  readonly state = "open";
  readonly sent: string[] = [];
  readonly #log: Items[] = [];
  #wake: () => void = () => undefined;
  unsent = 0;
  /** What the next call fails with. */
  failure: SealdeskError | undefined;

  get seq(): number {
    return this.#log.length;
  }

  add(...items: Items): void {
    this.#log.push(items.map((item) => ({ seq: this.#log.length + 1, ...item })));
    this.#wake();
  }

  async requireConsent() {
    if (this.failure !== undefined) throw this.failure;
  }

  async send(text: string) {
    this.sent.push(text);
    this.add({ kind: "message", sender: self, mine: true, text, receivedAtMs: 0 });
  }

  async *evidence({ signal }: { readonly signal: AbortSignal }) {
    for (let at = 0; !signal.aborted;) {
      const items = this.#log[at];
      if (items !== undefined) yield { seq: ++at, items };
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
          signal.addEventListener("abort", () => resolve(), { once: true });
        });
    }
  }
}

const ask = (text: string) => ({ kind: "message", sender: customer, mine: false, text });
const own = (text: string) => ({
  kind: "message",
  sender: self,
  mine: true,
  text,
  receivedAtMs: 0,
});

/** Follows until the conversation is closed. `whileWaiting` runs each time that the bot waits. */
async function followed(
  talk: WaitingConversation,
  whileWaiting: () => void = () => undefined,
  kept: { made?: HandOver } = {},
) {
  const told: unknown[] = [];
  const judge = (text: string): Judgement => ({
    isUrgent: text === "urgent",
    answer: text.startsWith("known") ? `answer to ${text}` : undefined,
  });
  const deps = {
    self,
    config: { texts: botTexts, judge, limits: { answersPerMinute: 9, answersPerConversation: 9 } },
    handOvers: {
      read: async () => kept.made,
      write: async (_: ConversationId, made: HandOver) => {
        // Nothing is said before the decision is stored.
        expect(talk.sent).not.toContain(botTexts.handOver);
        kept.made ??= made;
      },
    },
    signal: new AbortController().signal,
    now: () => 0,
    wait: async () => whileWaiting(),
    onHandOver: (...all: readonly unknown[]) => void told.push(all.slice(1)),
    onHeld: () => undefined,
  };
  await followConversation(deps, talk as unknown as Conversation);
  return told;
}

test("a reply that was in the outbox at a crash is waited for, and not given again", async () => {
  const talk = new WaitingConversation();
  talk.add({ kind: "created", members });
  talk.add(own(botTexts.greeting));
  talk.add(ask("known a"));
  talk.unsent = 1;
  await followed(talk, () => {
    talk.unsent = 0;
    talk.add(own("answer to known a"));
    talk.add({ kind: "closed", members });
  });
  expect(talk.sent).toEqual([]);
});

test("a decision that was stored before a crash is carried out after it", async () => {
  const talk = new WaitingConversation();
  talk.add({ kind: "created", members });
  talk.add(own(botTexts.greeting));
  talk.add(ask("known a"));
  const closes = talk.send.bind(talk);
  talk.send = async (text) => {
    await closes(text);
    talk.add(ask("known b"));
    talk.add({ kind: "closed", members });
  };
  const told = await followed(talk, undefined, { made: { at: 3, reason: "urgent" } });
  expect(talk.sent).toEqual([`${botTexts.urgent} ${botTexts.nobodyHere}`]);
  expect(told).toEqual([]);
});

test.each([
  ["consent_required", "handed over"],
  ["network", "handed over"],
  ["signed_out", "ended"],
] as const)("after %s of the question about consent it is %s", async (code, outcome) => {
  const talk = new WaitingConversation();
  talk.add({ kind: "created", members });
  talk.add(own(botTexts.greeting));
  talk.add(ask("known a"));
  talk.failure = new SealdeskError(code, "No.");
  const says = talk.send.bind(talk);
  talk.send = async (text) => {
    await says(text);
    talk.add({ kind: "closed", members });
  };
  const following = followed(talk);
  if (outcome === "ended") await expect(following).rejects.toMatchObject({ code });
  else expect(await following).toEqual([["not_allowed", false]]);
  expect(talk.sent).toHaveLength(outcome === "ended" ? 0 : 1);
});
