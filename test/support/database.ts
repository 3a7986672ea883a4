import { randomUUID } from "node:crypto";
import pg from "pg";
import { createPool, type Pool } from "../../db/pool.ts";

export interface TestDatabase {
  /** Login that owns the cluster: may do anything, row-level security or not. */
  readonly ownerUrl: string;
  /** As the application connects: fenced in. */
  readonly pool: Pool;
  /** As the owner, for arranging and looking. */
  readonly owner: pg.Pool;
  drop(): Promise<void>;
}

/**
 * A database of its own, cloned from the migrated template.
 * @param tablespace where its files are, if not with the cluster's
 */
export async function createTestDatabase(tablespace = "pg_default"): Promise<TestDatabase> {
  const clusterUrl = process.env["TEST_CLUSTER_URL"];
  if (clusterUrl === undefined) throw new Error("tests run under jest's global setup");
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  await onCluster(
    clusterUrl,
    `create database ${name} template sealdesk_template strategy file_copy tablespace ${tablespace}`,
  );
  const url = new URL(clusterUrl);
  url.pathname = `/${name}`;
  const owner = new pg.Pool({ connectionString: url.href, max: 2 });
  owner.on("error", () => undefined);
  const pool = createPool(url.href);
  return {
    ownerUrl: url.href,
    pool,
    owner,
    async drop() {
      await Promise.all([pool.end(), owner.end()]);
      await onCluster(clusterUrl, `drop database ${name} with (force)`);
    },
  };
}

async function onCluster(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement);
  await client.end();
}
