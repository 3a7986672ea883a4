import { join } from "node:path";
import type { Stage } from "./stage.ts";

/** A head of the audit log that somebody kept. */
export interface KeptHead {
  readonly key: string;
  readonly file: string;
}

let exports = 0;

const exportLog = async (stage: Stage): Promise<string> => {
  const folder = join(stage.system.home, `audit-export-${++exports}`);
  await stage.sealdesk("audit", "export", "--tenant", "demo", "--out", folder);
  return folder;
};

/** Keeps the head of the audit log, as an auditor does. */
export async function keepHead(stage: Stage): Promise<KeptHead> {
  const key = await stage.auditKey();
  return { key, file: join(await exportLog(stage), "checkpoint") };
}

/**
 * Verifies the audit log offline against a head that was kept before.
 * @param approvers the keys of those who may approve a restore
 * @returns the exit code of `sealdesk audit verify`, and what it said
 */
export async function verifyLog(
  stage: Stage,
  { key, file }: KeptHead,
  approvers: readonly string[] = [],
): Promise<{ readonly code: number; readonly output: string }> {
  const folder = await exportLog(stage);
  const trusted = approvers.flatMap((approver) => ["--approver", approver]);
  const options = ["--vkey", key, "--old", file, ...trusted];
  const { code, output, errors } = await stage.attempt("audit", "verify", folder, ...options);
  stage.tell(`The audit log ${code === 0 ? "verifies" : "does not verify as before"}.`);
  return { code, output: output + errors };
}
