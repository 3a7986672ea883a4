import { resolve } from "node:path";
import { parseWitnesses, type ConfiguredWitness } from "../witness/parse-witness.ts";
import type { CheckpointPlace } from "./open-store.ts";

/** How the logs are named, and where their last checkpoints are kept. */
export interface AuditSettings {
  /** The prefix of every log's origin. */
  readonly originPrefix: string;
  readonly checkpoints: CheckpointPlace;
  /** The witnesses that cosign the heads of the operator's log or of all logs. */
  readonly witnesses: readonly ConfiguredWitness[];
}

const DAY_MS = 86_400_000;
const RETAIN_DAYS = "2192";

/**
 * Reads the settings that the server and the commands share, because they must agree. It does not
 * check the values; the server has done that.
 * @param value returns the value of an environment variable
 * @param home SEALDESK_HOME
 * @throws LogError malformed: witnesses
 */
export function auditSettings(
  value: (name: string) => string | undefined,
  home: string,
): AuditSettings {
  const url = value("PUBLIC_URL");
  const host = url !== undefined && URL.canParse(url) ? new URL(url).host : "sealdesk.local";
  return {
    originPrefix: value("AUDIT_ORIGIN") ?? host,
    checkpoints: placeOf(value, home),
    witnesses: parseWitnesses(value("AUDIT_WITNESSES") ?? ""),
  };
}

function placeOf(value: (name: string) => string | undefined, home: string): CheckpointPlace {
  const bucket = value("AUDIT_CHECKPOINTS_S3_BUCKET");
  if (bucket === undefined)
    return {
      kind: "directory",
      folder: resolve(value("AUDIT_CHECKPOINTS") ?? resolve(home, "audit-checkpoints")),
    };
  return {
    kind: "s3",
    bucket,
    region: value("ATTACHMENTS_S3_REGION") ?? "us-east-1",
    endpoint: value("ATTACHMENTS_S3_ENDPOINT"),
    retainMs: Number(value("AUDIT_CHECKPOINTS_RETAIN_DAYS") ?? RETAIN_DAYS) * DAY_MS,
  };
}
