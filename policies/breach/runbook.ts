import type { Taken, TakenKind } from "./exposure.ts";

/** What the server does to contain a breach, when an officer says so. */
export const containments = ["revoke_sessions", "rotate_keys"] as const;
export type Containment = (typeof containments)[number];

/** A step of the runbook. */
export interface RunbookStep {
  readonly step: Containment | "rotate_server_keys" | "revoke_device";
  /** Whether the server takes it, or a person with the command. */
  readonly by: "server" | "person";
  /** What the person runs; for a step of the server, what starts it. */
  readonly command: string;
  readonly why: string;
}

interface Rule extends RunbookStep {
  /** What makes the step necessary. */
  readonly after: readonly TakenKind[];
}

const rules: readonly Rule[] = [
  {
    step: "revoke_sessions",
    by: "server",
    after: ["database", "backup", "node", "device"],
    command: "sealdesk breach step ID revoke_sessions",
    why: "Whoever was signed in must sign in again, with proof of a key that was not taken.",
  },
  {
    step: "rotate_keys",
    by: "server",
    after: ["keystore", "kms", "node"],
    command: "sealdesk breach step ID rotate_keys",
    why: "A new version of the key-encryption key wraps every key again, and the earlier versions are destroyed.",
  },
  {
    step: "rotate_server_keys",
    by: "person",
    after: ["kms", "node"],
    command: "sealdesk keys rotate --name tokens --at-once",
    why: "The server's own keys were in the memory of the node, or under the key service.",
  },
  {
    step: "revoke_device",
    by: "person",
    after: ["device"],
    command: "DELETE /v1/devices/{id}",
    why: "Members' devices then seal nothing more for the device.",
  },
];

/**
 * Returns whether a step was taken after all that makes it necessary was taken. What was stolen later needs it again. Pure.
 * @param doneAtMs when the step was last done, in milliseconds since the Unix epoch; null if never
 */
export const containsAll = (
  step: RunbookStep["step"],
  doneAtMs: number | null,
  taken: readonly Taken[],
): boolean =>
  doneAtMs !== null &&
  rules
    .filter((rule) => rule.step === step)
    .every(({ after }) =>
      taken.every(({ what, atMs }) => !after.includes(what) || atMs <= doneAtMs),
    );

/** Returns the steps that contain a breach, in their order. Pure. */
export const runbookOf = (taken: readonly Taken[]): readonly RunbookStep[] =>
  rules
    .filter(({ after }) => taken.some(({ what }) => after.includes(what)))
    .map(({ step, by, command, why }) => ({ step, by, command, why }));
