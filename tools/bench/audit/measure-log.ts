import { randomUUID } from "node:crypto";
import { chmod, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { directoryCheckpoints } from "../../../audit/checkpoints/directory-store.ts";
import { Integrator } from "../../../audit/integrate/integrator.ts";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { formatVkey, KEY_TYPES } from "../../../audit/verify/note.ts";
import { startEmbeddedPostgres } from "../../../db/embedded-postgres.ts";
import { migrate } from "../../../db/migrate.ts";
import { kmsAuditSigner } from "../../../keys/audit-signer.ts";
import { readKmsSettings } from "../../../keys/kms/kms-settings.ts";
import { openKms } from "../../../keys/kms/open-kms.ts";
import { closing } from "../closing.ts";
import type { Progress } from "../options.ts";
import { round } from "../statistics.ts";
import { measureSearch, type SearchFigures } from "./measure-search.ts";
import { runCommand, type CommandUsage } from "./run-command.ts";
import { parseId, type TenantId } from "../../../crypto/wire/ids.ts";

const ORIGIN = "bench.example";
const SLUG = "bench";

/** The resource of the entry with this number, as SQL. */
const resourceOf = (number: string): string => `md5(${number}::text)::uuid`;

// An entry of the size that an act of staff leaves: about 550 bytes.
const ENTRIES = `
  insert into audit.entries (tenant, entry)
  select $1::uuid, convert_to(
    '{"action":"conversation.read","actor":{"device":"' || $1 || '","id":"' || $1 || '","kind":"user","role":"agent"},' ||
    '"class":"R","decision":{"allowed":true,"reasons":["staff reads conversations it is a member of"]},' ||
    '"eventId":"' || gen_random_uuid() || '","method":"password","occurredAtMs":' || 1700000000000 + n || ',"outcome":"success",' ||
    '"requestId":"' || $1 || '","resource":{"id":"' || ${resourceOf("n")} || '","type":"conversation"},"session":"' || $1 || '","tenant":"' || $1 || '"}', 'UTF8')
  from generate_series(1, $2::int) n`;

export interface LogFigures {
  readonly entries: number;
  readonly integratedPerSecond: number;
  readonly verify: CommandUsage;
  readonly search: SearchFigures;
  readonly exports: Readonly<
    Record<"tiles" | "jsonl", CommandUsage & { readonly entriesPerSecond: number }>
  > & { readonly bytes: number };
}

/**
 * Measures one long log. It is integrated and signed as a server does, and exported and verified
 * with the commands.
 */
export const measureLog = (entries: number, progress: Progress): Promise<LogFigures> =>
  closing(async (started) => {
    const home = await mkdtemp(join(tmpdir(), "sealdesk-bench-"));
    started.add({ close: () => rm(home, { recursive: true, force: true }) });
    await chmod(home, 0o755);
    const cluster = await startEmbeddedPostgres(join(home, "postgres"));
    started.add({ close: () => cluster.stop() });
    const { ownerUrl } = cluster;
    await migrate(ownerUrl);
    const { kms } = await openKms(readKmsSettings({}, { home, production: false }));
    started.add(kms);
    const signer = await kmsAuditSigner(kms);
    progress(`writing ${entries} entries`);
    const tenant = await seed(ownerUrl, entries);
    progress("integrating");
    const seconds = await integrate(
      {
        url: ownerUrl,
        originPrefix: ORIGIN,
        signer,
        store: directoryCheckpoints(join(home, "audit-checkpoints")),
      },
      entries,
    );
    const search = await measureSearch(
      ownerUrl,
      { tenant, publicKey: signer.publicKey, entries },
      { one: { resource: await resourceInTheMiddle(ownerUrl, entries) }, all: { actor: tenant } },
      progress,
    );
    progress("exporting");
    const environment = { NODE_ENV: "test", SEALDESK_HOME: home, DATABASE_URL: ownerUrl };
    const exportAs = async (format: "tiles" | "jsonl") => {
      const out = join(home, format);
      const args = ["audit", "export", "--tenant", SLUG, "--format", format, "--out", out];
      const usage = await runCommand(args, environment);
      return { ...rounded(usage), entriesPerSecond: round(entries / usage.seconds) };
    };
    const [tiles, jsonl] = [await exportAs("tiles"), await exportAs("jsonl")];
    progress("verifying");
    const name = `${ORIGIN}/audit/t/${SLUG}`;
    const { publicKey } = signer;
    const vkey = formatVkey(nodeChecks.sha256, { name, type: KEY_TYPES.ed25519, publicKey });
    const verify = await runCommand(["audit", "verify", join(home, "tiles"), "--vkey", vkey], {});
    return {
      entries,
      integratedPerSecond: round(entries / seconds),
      verify: rounded(verify),
      search,
      exports: { tiles, jsonl, bytes: await bytesOf(join(home, "jsonl")) },
    };
  });

async function seed(ownerUrl: string, entries: number): Promise<TenantId> {
  const owner = new pg.Client({ connectionString: ownerUrl });
  await owner.connect();
  const tenant = parseId<TenantId>(randomUUID());
  await owner.query(
    "insert into sealdesk.tenants (id, slug, name, created_at_ms) values ($1, $2, 'Benchmark', 0)",
    [tenant, SLUG],
  );
  await owner.query(ENTRIES, [tenant, entries]);
  await owner.query("vacuum analyze audit.entries, audit.pending");
  await owner.query("checkpoint");
  await owner.end();
  return tenant;
}

async function resourceInTheMiddle(ownerUrl: string, entries: number): Promise<string> {
  const owner = new pg.Client({ connectionString: ownerUrl });
  await owner.connect();
  const { rows } = await owner.query<{ id: string }>(`select ${resourceOf("$1::int")} as id`, [
    Math.ceil(entries / 2),
  ]);
  await owner.end();
  return rows[0]?.id ?? "";
}

/** @returns the seconds until every entry is integrated and the last head is signed */
async function integrate(
  options: Omit<ConstructorParameters<typeof Integrator>[0], "onError" | "onIntegrated">,
  entries: number,
): Promise<number> {
  const begin = performance.now();
  let done = 0;
  await new Promise<void>((resolve, reject) => {
    const integrator = new Integrator({
      ...options,
      onIntegrated: (count) => {
        done += count;
        // The integrator ends after the current batch and a round that signs it.
        if (done >= entries) integrator.close().then(resolve, reject);
      },
      onError: reject,
    });
  });
  return (performance.now() - begin) / 1_000;
}

const rounded = ({ seconds, peakMiB }: CommandUsage): CommandUsage => ({
  seconds: round(seconds, 1),
  peakMiB: round(peakMiB),
});

async function bytesOf(folder: string): Promise<number> {
  const sizes = (await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
