import { createHmac } from "node:crypto";
import { WITNESSES_VARIABLE, type RecordedSetting } from "../audit/deployment/record-settings.ts";
import { nodeChecks } from "../audit/node-checks.ts";
import { approverName } from "../audit/verify/approvers.ts";
import type { Secret } from "../keys/secret.ts";
import type { Config } from "./config.ts";

/** Numbers and words of the documentation. No other value may be in the log, which is permanent. */
const SHOWN =
  /^(NODE_ENV|LOG_LEVEL|SEALDESK_KMS|OTEL_TRACES_SAMPLER_ARG|(METRICS_)?PORT|OPEN_CONVERSATIONS_PER_\w+|\w+_(LIMIT|DAYS|SECONDS|QUORUM))$/;

/**
 * Returns the variables that are set as the audit log may know them.
 * @param keys the server's keys that are valid for comparisons, the newest first
 */
export function recordedSettings(
  { settings, audit }: Pick<Config, "settings" | "audit">,
  keys: readonly Secret<Uint8Array>[],
): readonly RecordedSetting[] {
  const namesOf = (named: readonly { readonly key: Parameters<typeof approverName>[1] }[]) =>
    named
      .map(({ key }) => approverName(nodeChecks.sha256, key))
      .toSorted()
      .join(" ");
  const lists: Readonly<Record<string, string>> = {
    [WITNESSES_VARIABLE]: namesOf(audit.witnesses),
    AUDIT_RESTORE_APPROVERS: namesOf(audit.restoreApprovers.map((key) => ({ key }))),
  };
  return settings.map(([name, value]) => {
    const input = `sealdesk/setting/v1\0${name}\0${value.reveal()}`;
    return {
      name,
      tags: keys.map((key) => createHmac("sha256", key.reveal()).update(input).digest()),
      shown: lists[name] ?? (SHOWN.test(name) ? value.reveal() : null),
    };
  });
}
