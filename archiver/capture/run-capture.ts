import { setTimeout as sleep } from "node:timers/promises";
import type { Conversation, Sealdesk } from "../../client/index.ts";
import type { ConversationId } from "../../crypto/wire/ids.ts";
import type { Archive } from "../records/archive.ts";
import { followConversation, type FollowDeps } from "./follow-conversation.ts";

export interface CaptureDeps extends Pick<FollowDeps, "ground" | "onArchived" | "onWaiting"> {
  readonly sealdesk: Pick<Sealdesk, "user" | "conversations" | "on">;
  readonly archive: Archive;
  /** The tenant's slug. */
  readonly tenant: string;
  /** Aborts to stop the archiver. */
  readonly signal: AbortSignal;
}

/**
 * Archives all conversations of this device: what it missed while it was away, and then each event. It ends when the
 * signal aborts.
 * @throws ArchiverError other_archive, record_exists; SealdeskError: the connection has ended
 */
export async function runCapture(deps: CaptureDeps): Promise<void> {
  const { sealdesk, archive, tenant, ground, onArchived, onWaiting } = deps;
  await archive.own({ tenant, user: sealdesk.user.id });
  const places = await archive.places();
  const failure = new AbortController();
  const signal = AbortSignal.any([deps.signal, failure.signal]);
  const wait = (ms: number) => sleep(ms, undefined, { signal });
  const following = new Map<ConversationId, Promise<void>>();
  const follow = (conversation: Conversation) => {
    const { id } = conversation;
    if (following.has(id)) return;
    const last = places.get(id)?.at(-1);
    const from = { restores: last?.restores ?? 0, seq: last?.to ?? 0 };
    const steps = { archive, signal, ground, onArchived, onWaiting, wait };
    const followed = followConversation(steps, conversation, from).catch((error: unknown) => {
      if (!signal.aborted) failure.abort(error);
    });
    following.set(id, followed);
  };
  const stop = sealdesk.on("conversation", follow);
  const stopEnd = sealdesk.on("end", (error) => failure.abort(error));
  try {
    for (const conversation of sealdesk.conversations()) follow(conversation);
    await aborted(signal);
    await Promise.all(following.values());
    if (!deps.signal.aborted) failure.signal.throwIfAborted();
  } finally {
    stop();
    stopEnd();
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
