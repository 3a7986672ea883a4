import type { Uuid } from "../../crypto/wire/uuid.ts";

const PERIOD_MS = 30 * 86_400_000;

/** What one author wrote in one conversation within 30 days: sealed by one key, destroyed together. */
export interface Scope {
  readonly conversation: Uuid;
  /** Whom the conversation is about: its keys are wrapped under this subject's. */
  readonly subject: Uuid;
  readonly author: Uuid;
  readonly period: number;
}

/** The period that holds a time of receipt. @param ms milliseconds since the Unix epoch */
export const periodOf = (ms: number): number => Math.floor(ms / PERIOD_MS);
