import { resolve } from "node:path";
import type { Publication } from "../read/published-log.ts";
import { parseApproverList } from "../restore/approver-list.ts";
import type { NoteKey } from "../verify/note.ts";
import type { SinkSettings } from "../sinks/audit-sinks.ts";
import { parseSinks } from "../sinks/parse-sinks.ts";
import { parseWitnesses, type ConfiguredWitness } from "../witness/parse-witness.ts";
import type { CheckpointLocation } from "./open-store.ts";

/** The names of the logs, and the location of their last checkpoints. */
export interface AuditSettings {
  /** The prefix of every log's origin. */
  readonly originPrefix: string;
  readonly checkpoints: CheckpointLocation;
  /** The witnesses that cosign the heads of the operator's log or of all logs. */
  readonly witnesses: readonly ConfiguredWitness[];
  /** The places that are given every entry, and how many of them must take entries. */
  readonly sinks: SinkSettings;
  /** Who must have cosigned the head of a tenant's log before it is served to auditors. */
  readonly publication: Publication;
  /**
   * The people who may approve a restore. Two of them must approve each. If the list is empty, no
   * restore counts.
   */
  readonly restoreApprovers: readonly NoteKey[];
}

/** The variables that name the logs and say where checkpoints are kept. Their values are checked. */
interface AuditVariables {
  readonly PUBLIC_URL?: string | undefined;
  readonly AUDIT_ORIGIN?: string | undefined;
  readonly AUDIT_CHECKPOINTS?: string | undefined;
  readonly AUDIT_CHECKPOINTS_S3_BUCKET?: string | undefined;
  readonly AUDIT_CHECKPOINTS_RETAIN_DAYS: string;
  readonly AUDIT_SINKS?: string | undefined;
  readonly AUDIT_SINKS_CA?: string | undefined;
  readonly AUDIT_SINKS_RETAIN_DAYS: string;
  readonly AUDIT_SINK_QUORUM: string;
  readonly AUDIT_WITNESSES?: string | undefined;
  readonly AUDIT_WITNESS_QUORUM: string;
  readonly AUDIT_RESTORE_APPROVERS?: string | undefined;
  readonly ATTACHMENTS_S3_REGION: string;
  readonly ATTACHMENTS_S3_ENDPOINT?: string | undefined;
}

const DAY_MS = 86_400_000;

/**
 * Returns the settings that the server and the commands share, because they must agree.
 * @param home SEALDESK_HOME
 */
export function auditSettings(values: AuditVariables, home: string): AuditSettings {
  const { AUDIT_RESTORE_APPROVERS: approvers } = values;
  return {
    originPrefix: values.AUDIT_ORIGIN ?? originOf(values.PUBLIC_URL) ?? WITHOUT_URL,
    checkpoints: placeOf(values, home),
    witnesses: parseWitnesses(values.AUDIT_WITNESSES ?? ""),
    sinks: {
      sinks: parseSinks(values.AUDIT_SINKS ?? "") ?? [],
      caFile: values.AUDIT_SINKS_CA,
      s3: { ...s3Of(values), retainMs: Number(values.AUDIT_SINKS_RETAIN_DAYS) * DAY_MS },
      required: Number(values.AUDIT_SINK_QUORUM),
    },
    publication: {
      quorum: Number(values.AUDIT_WITNESS_QUORUM),
      witnesses: witnessesOfEveryLog(values.AUDIT_WITNESSES),
    },
    restoreApprovers: approvers === undefined ? [] : parseApproverList(approvers),
  };
}

/** Returns the keys of the witnesses that receive every log. */
export const witnessesOfEveryLog = (witnesses: string | undefined): readonly NoteKey[] =>
  parseWitnesses(witnesses ?? "")
    .filter(({ gets }) => gets === "all")
    .map(({ key }) => key);

const WITHOUT_URL = "sealdesk.local";

/**
 * Returns the prefix of origins for a server at this URL: its host, with the port. The brackets of
 * an IPv6 address are left out.
 * @returns undefined if the host has characters that no origin has, such as an underscore
 */
export function originOf(publicUrl: string | undefined): string | undefined {
  if (publicUrl === undefined) return WITHOUT_URL;
  const origin = new URL(publicUrl).host.replace(/[[\]]/g, "");
  return /^[a-z0-9.:-]{1,150}$/.test(origin) ? origin : undefined;
}

function placeOf(values: AuditVariables, home: string): CheckpointLocation {
  const bucket = values.AUDIT_CHECKPOINTS_S3_BUCKET;
  if (bucket === undefined)
    return {
      kind: "directory",
      folder: resolve(values.AUDIT_CHECKPOINTS ?? resolve(home, "audit-checkpoints")),
    };
  return {
    kind: "s3",
    bucket,
    ...s3Of(values),
    retainMs: Number(values.AUDIT_CHECKPOINTS_RETAIN_DAYS) * DAY_MS,
  };
}

/** One service has the buckets of attachments, checkpoints and sinks. */
const s3Of = (values: AuditVariables) => ({
  region: values.ATTACHMENTS_S3_REGION,
  endpoint: values.ATTACHMENTS_S3_ENDPOINT,
});
