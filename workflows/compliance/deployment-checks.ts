import { readDatabaseClock } from "../../db/database-clock.ts";
import type { Pool } from "../../db/pool.ts";
import { DATA, hasMigrations, KEYSTORE, type Section } from "../../db/schema-version.ts";
import type { Kms } from "../../keys/kms/kms.ts";
import { AuditError } from "../../audit/audit-error.ts";
import { DatabaseError } from "../../db/database-error.ts";
import { DomainError } from "../../policies/domain-error.ts";
import type { WithLedger } from "../ledger/settle-deps.ts";
import { readStatus } from "../ledger/settle.ts";
import { checksOf, failed, ok, unknown, warning, type Check, type Finding } from "./check.ts";
import type { DeploymentFacts } from "./deployment-facts.ts";

/** What the checks of the deployment need. */
export interface DeploymentChecksDeps {
  readonly pool: Pool;
  /** The clock of this node, in milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Pool with the role sealdesk_keystore. */
  readonly keystore: Pool;
  readonly kms: Pick<Kms, "check" | "name">;
  readonly withLedger: WithLedger;
  readonly facts: DeploymentFacts;
}

/** Runs the checks of the deployment. A check that cannot be made has failed; it stops no other. */
export async function checkDeployment(deps: DeploymentChecksDeps): Promise<readonly Check[]> {
  const { pool, keystore, facts } = deps;
  return checksOf({
    database: await finding(() => schemaOf(pool, DATA)),
    keystore: await finding(() => schemaOf(keystore, KEYSTORE)),
    key_service: await finding(() => keyServiceOf(deps)),
    clock: await finding(() => clockOf(deps)),
    ledger: await finding(() => ledgerOf(deps)),
    tls: await finding(() => tlsOf(pool, facts)),
    key_custody: custodyOf(deps),
    keystore_apart: apartOf(facts),
    backups: await finding(() => backupsOf(pool)),
    ...auditPlaces(facts),
  });
}

/** Runs a check. The message of an error that is no refusal may hold anything, so only its name is shown. */
async function finding(check: () => Promise<Finding>): Promise<Finding> {
  try {
    return await check();
  } catch (error) {
    if (
      error instanceof DomainError ||
      error instanceof DatabaseError ||
      error instanceof AuditError
    )
      return failed(error.message);
    return failed(`The check ended with ${error instanceof Error ? error.name : "an error"}.`);
  }
}

async function schemaOf(pool: Pool, section: Section): Promise<Finding> {
  const { rows } = await pool.query<{ version: string }>(
    "select split_part(current_setting('server_version'), ' ', 1) as version",
  );
  const answers = `PostgreSQL ${rows[0]?.version ?? ""} answers`;
  return (await hasMigrations(pool, section))
    ? ok(`${answers}, with every migration.`)
    : failed(`${answers}, and lacks a migration.`);
}

async function keyServiceOf({ kms }: DeploymentChecksDeps): Promise<Finding> {
  await kms.check();
  return ok(`The key service ${kms.name} answers.`);
}

const APART_MS = { most: 2_000, failed: 60_000 };

async function clockOf({ pool, now }: DeploymentChecksDeps): Promise<Finding> {
  const apartMs = Math.abs((await readDatabaseClock(pool)) - now());
  const found = `The clocks are ${(apartMs / 1_000).toFixed(1)} seconds apart.`;
  if (apartMs <= APART_MS.most) return ok(found);
  return apartMs <= APART_MS.failed ? warning(found) : failed(found);
}

async function ledgerOf({ withLedger }: DeploymentChecksDeps): Promise<Finding> {
  const { entries, database, keystore } = await withLedger((deps) =>
    readStatus(deps, { whole: true }),
  );
  const lag = entries.length - 1 - Math.min(database?.number ?? -1, keystore?.number ?? -1);
  return lag === 0
    ? ok(`The ledger has ${entries.length} entries, and all are carried out.`)
    : failed(`${lag} of ${entries.length} entries are not carried out.`);
}

async function tlsOf(pool: Pool, { publicUrl }: DeploymentFacts): Promise<Finding> {
  const { rows } = await pool.query<{ ssl: boolean; isLocal: boolean }>(
    `select coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false) as ssl,
       coalesce(host(inet_server_addr()) in ('127.0.0.1', '::1'), true) as "isLocal"`,
  );
  const [row] = rows;
  const scheme = new URL(publicUrl).protocol.slice(0, -1);
  const database =
    row?.ssl === true ? "is encrypted" : row?.isLocal === true ? "stays here" : "is in the clear";
  const found = `Clients use ${scheme}, and the connection to the database ${database}.`;
  if (row?.ssl !== true && row?.isLocal !== true) return failed(found);
  return scheme === "https" ? ok(found) : failed(found);
}

const custodyOf = ({ kms: { name } }: DeploymentChecksDeps): Finding =>
  name === "local"
    ? warning("Keys are in a file of this server, sealed by a passphrase or a key file.")
    : ok(`Keys are in ${name === "vault" ? "Vault" : "an HSM"}.`);

function apartOf({ isKeystoreApart, keystoreBackupMs }: DeploymentFacts): Finding {
  const days = Math.round(keystoreBackupMs / 86_400_000);
  return isKeystoreApart
    ? ok(`The keystore has a database of its own, whose backups are kept for ${days} days.`)
    : warning("The keystore is in the database of the data, so their backups hold both.");
}

const DAY_MS = 86_400_000;

async function backupsOf(pool: Pool): Promise<Finding> {
  const { rows } = await pool.query<{ archiving: boolean; ageMs: number | null }>(
    `select current_setting('archive_mode') <> 'off' as archiving,
       (extract(epoch from clock_timestamp() - last_archived_time) * 1000)::double precision as "ageMs"
     from pg_stat_archiver`,
  );
  const { archiving = false, ageMs = null } = rows[0] ?? {};
  if (!archiving)
    return unknown("PostgreSQL archives nothing, so the age of the last backup is not known here.");
  if (ageMs === null) return failed("PostgreSQL has never archived a segment of its log.");
  const found = `The last segment was archived ${(ageMs / 3_600_000).toFixed(1)} hours ago.`;
  return ageMs <= DAY_MS ? ok(found) : failed(found);
}

function auditPlaces({ audit }: DeploymentFacts) {
  const { checkpoints, witnesses, publication, sinks, restoreApprovers } = audit;
  return {
    checkpoints:
      checkpoints.kind === "s3"
        ? ok("Heads are kept in a bucket with Object Lock.")
        : warning("Heads are kept in a folder, which the operator can change."),
    witnesses:
      publication.quorum > 0
        ? ok(`${publication.quorum} of ${witnesses.length} witnesses must cosign.`)
        : warning(`No witness must cosign. ${witnesses.length} are configured.`),
    sinks:
      sinks.sinks.length > 0
        ? ok(`${sinks.sinks.length} places are given every entry.`)
        : warning("No place outside of the server is given the entries."),
    restore_approvers:
      restoreApprovers.length >= 2
        ? ok(`${restoreApprovers.length} people may approve a restore.`)
        : warning(`${restoreApprovers.length} people may approve a restore, and two must.`),
  };
}
