import { randomUUID } from "node:crypto";
import { execFile } from "node:child_process";
import { chown, mkdtemp, open, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";

const run = promisify(execFile);
const BLOCK = Buffer.alloc(64 * 1024);

/** A real file system of 64 MiB with a tablespace of the test cluster on it. */
export interface SmallDisk {
  readonly tablespace: string;
  /** Where it is mounted. */
  readonly folder: string;
  /** Writes a file until the disk has no room. */
  fill(): Promise<void>;
  /** Removes that file. */
  clear(): Promise<void>;
  /** Removes the tablespace, which must be empty, and the disk. */
  close(): Promise<void>;
}

/** @throws Error that says what to do if this process may not mount a file system */
export async function mountSmallDisk(): Promise<SmallDisk> {
  const cluster = new pg.Client({ connectionString: process.env["TEST_CLUSTER_URL"] });
  await cluster.connect();
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-small-disk-"));
  await run("mount", ["-t", "tmpfs", "-o", "size=64m,mode=700", "tmpfs", folder]).catch(() => {
    throw new Error("This test mounts a small disk. Run it as root, where a tmpfs can be mounted.");
  });
  const { rows } = await cluster.query<{ data_directory: string }>("show data_directory");
  const owner = await stat(rows[0]?.data_directory ?? "");
  await chown(folder, owner.uid, owner.gid);
  const tablespace = `small_${randomUUID().replaceAll("-", "")}`;
  await cluster.query(`create tablespace ${tablespace} location '${folder}'`);
  const filler = join(folder, "filler");
  return {
    tablespace,
    folder,
    async fill() {
      const file = await open(filler, "w");
      try {
        for (;;) await file.write(BLOCK);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      } finally {
        await file.close();
      }
    },
    clear: () => rm(filler),
    async close() {
      await cluster.query(`drop tablespace ${tablespace}`);
      await cluster.end();
      await run("umount", [folder]);
      await rm(folder, { recursive: true });
    },
  };
}
