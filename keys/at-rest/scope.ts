import type { Uuid } from "../../crypto/wire/uuid.ts";

const PERIOD_MS = 30 * 86_400_000;

/**
 * The messages of one author in one conversation within 30 days. One key seals them, and they are
 * destroyed together.
 */
export interface Scope {
  readonly conversation: Uuid;
  /**
   * The data subject that the conversation is about. The subject's key wraps the keys of the
   * conversation.
   */
  readonly subject: Uuid;
  readonly author: Uuid;
  readonly period: number;
}

/**
 * Returns the period that contains a time of receipt.
 * @param ms milliseconds since the Unix epoch
 */
export const periodOf = (ms: number): number => Math.floor(ms / PERIOD_MS);
