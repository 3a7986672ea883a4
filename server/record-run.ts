import { recordStart, recordStop } from "../audit/deployment/record-node.ts";
import type { Uuid } from "../crypto/wire/uuid.ts";
import { defaultPolicy } from "../policies/policy.ts";
import { policyText } from "../policies/policy-text.ts";
import type { Closers } from "./closers.ts";
import type { Foundation } from "./foundation.ts";
import { describeError } from "./log.ts";
import { recordedSettings } from "./recorded-settings.ts";
import { within } from "./unless-aborted.ts";

/** A database that does not answer must not keep a node from stopping. */
const STOP_MS = 2_000;

/**
 * Records that this node starts, and with which settings. When it stops, records that too.
 * @throws AuditError audit_entry_not_stored: a node does not serve without its entry
 */
export async function recordRun(
  { config, ports, storage }: Pick<Foundation, "config" | "ports" | "storage">,
  closers: Closers,
): Promise<void> {
  const { now, newId, log, version } = ports;
  const { database, serverKeys, keyTree } = storage;
  const { pool } = database;
  const id = newId<Uuid>();
  const settings = recordedSettings(config, serverKeys.blindIndexKeys);
  const rules = policyText(defaultPolicy);
  const databases = { pool, keystore: keyTree.pool };
  await recordStart(databases, { id, version, mode: config.mode, rules, settings }, now());
  closers.add(() =>
    within(STOP_MS, recordStop(pool, id, now())).catch((error: unknown) =>
      log.warn("the stop of this node was not recorded", describeError(error)),
    ),
  );
}
