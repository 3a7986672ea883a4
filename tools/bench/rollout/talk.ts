import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { Conversation } from "../../../client/index.ts";

const EVERY_MS = 1_000;

/** Messages on their way from one end of a conversation to the other. */
export interface Talk {
  /** Says the last message. @returns how many messages were sent */
  finish(): Promise<number>;
  /** The time until each message was received, in milliseconds. */
  readonly tookMs: ReadonlyMap<string, number>;
  readonly doubled: () => number;
  close(): Promise<void>;
}

/** Sends messages at its own pace, whether or not the one before was received. */
export function startTalk(from: Conversation, to: Conversation): Talk {
  // Both ends of a conversation talk, and each shows what either said.
  const name = randomUUID();
  const sentMs = new Map<string, number>();
  const tookMs = new Map<string, number>();
  let doubled = 0;
  const receiving = new AbortController();
  const received = (async () => {
    for await (const item of to.messages({ signal: receiving.signal })) {
      const sent = item.kind === "message" ? sentMs.get(item.text) : undefined;
      if (item.kind !== "message" || sent === undefined) continue;
      if (tookMs.has(item.text)) doubled++;
      else tookMs.set(item.text, performance.now() - sent);
    }
  })().catch(() => undefined);
  const ending = new AbortController();
  const sent = (async () => {
    const accepted: Promise<unknown>[] = [];
    while (!ending.signal.aborted) {
      const text = `${name} ${sentMs.size}`;
      sentMs.set(text, performance.now());
      accepted.push(from.send(text));
      await wait(EVERY_MS);
    }
    await Promise.all(accepted);
  })();
  return {
    tookMs,
    doubled: () => doubled,
    async finish() {
      ending.abort();
      await sent;
      return sentMs.size;
    },
    async close() {
      receiving.abort();
      await received;
    },
  };
}
