import { setTimeout as sleep } from "node:timers/promises";
import type { Conversation, ConversationId, Sealdesk } from "../client/index.ts";
import { BotError } from "./bot-error.ts";
import { followConversation, type FollowDeps } from "./follow-conversation.ts";

export interface RunBotDeps extends Omit<FollowDeps, "self" | "wait"> {
  readonly sealdesk: Pick<Sealdesk, "user" | "conversations" | "on" | "synced">;
}

/**
 * Talks in all conversations of this device that are open, until the signal aborts.
 * @throws BotError wrong_role, home_damaged; SealdeskError: the connection has ended
 */
export async function runBot({ sealdesk, ...deps }: RunBotDeps): Promise<void> {
  const { id: self, role } = sealdesk.user;
  if (role !== "bot")
    throw new BotError("wrong_role", "The account must have the role bot, so that members see it.");
  const failure = new AbortController();
  const signal = AbortSignal.any([deps.signal, failure.signal]);
  const wait = (ms: number) => sleep(ms, undefined, { signal });
  const following = new Map<ConversationId, Promise<void>>();
  const follow = (conversation: Conversation) => {
    const { id, state } = conversation;
    if (following.has(id) || state === "closed") return;
    const followed = followConversation({ ...deps, self, signal, wait }, conversation)
      .then(() => void following.delete(id))
      .catch((error: unknown) => {
        if (!signal.aborted) failure.abort(error);
      });
    following.set(id, followed);
  };
  const stops = [
    sealdesk.on("conversation", follow),
    sealdesk.on("end", (error) => failure.abort(error)),
  ];
  try {
    // What was written while the bot was away, by the customer or by a person of the staff, counts first.
    await Promise.race([sealdesk.synced(), aborted(signal)]);
    for (const conversation of sealdesk.conversations()) follow(conversation);
    await aborted(signal);
    await Promise.all(following.values());
    if (!deps.signal.aborted) failure.signal.throwIfAborted();
  } finally {
    for (const stop of stops) stop();
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
