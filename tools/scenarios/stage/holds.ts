import type { Device } from "./device.ts";
import type { Stage } from "./stage.ts";

const DAY_MS = 86_400_000;

export const CITATION = "GDPR Article 17(3)(e)";

/** A day on which an officer looks at a hold again. */
export const reviewDay = (): string =>
  new Date(Date.now() + 90 * DAY_MS).toISOString().slice(0, 10);

/** Places a hold. @param items options of `sealdesk hold place` that name what is held. @returns its id */
export async function placeHold(
  stage: Stage,
  custodian: Device["user"],
  ...items: readonly string[]
): Promise<string> {
  const why = ["--tenant", "demo", "--matter", "2026/117", "--citation", CITATION];
  const who = ["--custodian", custodian, "--review-on", reviewDay()];
  const placed = await stage.sealdesk("hold", "place", ...why, ...who, ...items);
  const id = /^Hold ([0-9a-f-]{36})/.exec(placed)?.[1];
  if (id === undefined) throw new Error(`No hold was placed: ${placed}`);
  stage.tell("A legal hold is placed.");
  return id;
}

/** Releases a hold as two people do. */
export async function releaseHold(stage: Stage, hold: string): Promise<void> {
  const alice = ["--as", "alice", "--because", "the dispute is settled"];
  const asked = await stage.sealdesk(...alice, "hold", "release", hold, "--tenant", "demo");
  const [, request = "", hash = ""] = /request (\S+)\nhash (\S+)/.exec(asked) ?? [];
  const approval = ["approve", request, "--tenant", "demo", "--hash", hash];
  await stage.sealdesk("--as", "bob", "approval", ...approval);
  stage.tell("Two people release the hold.");
}
