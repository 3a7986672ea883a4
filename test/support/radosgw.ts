import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../tools/testkit/server-process.ts";
import { ensureInstalled } from "./debian-packages.ts";
import { until } from "./until.ts";

/** Debian's RADOS gateway, a real S3 with Object Lock, on a Ceph of its own that is all in memory. */
export interface Radosgw {
  readonly endpoint: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  close(): Promise<void>;
}

const programs = ["radosgw", "radosgw-admin", "ceph-mon", "ceph-osd", "ceph"];
const isCephThere = () => programs.every((name) => spawnSync(name, ["--version"]).status === 0);

const credentials = { accessKeyId: "test", secretAccessKey: "test" };
const startMs = 60_000;

/** One monitor, one disk, one gateway. @throws Error when it is not installed, or does not start */
export async function startRadosgw(): Promise<Radosgw> {
  ensureInstalled(isCephThere, ["radosgw", "ceph-mon", "ceph-osd", "ceph-common"]);
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-ceph-"));
  const ports = { monitor: await freePort(), gateway: await freePort() };
  const conf = join(folder, "ceph.conf");
  await writeFile(conf, configuration(folder, ports));
  for (const part of ["mon", "osd", "rgw"]) await mkdir(join(folder, part));
  const run = (command: string, ...args: string[]) => {
    const ran = spawnSync(command, ["-c", conf, ...args], { encoding: "utf8", timeout: startMs });
    if (ran.status !== 0) throw new Error(`${command}: ${ran.error?.message ?? ran.stderr}`);
  };
  const daemons: ChildProcess[] = [];
  const start = (command: string, ...args: string[]) => {
    const child = spawn(command, ["-c", conf, "-f", ...args], { stdio: "ignore" });
    daemons.push(child);
    return child;
  };
  const kill = () => Promise.all(daemons.map(killed));
  const endpoint = `http://127.0.0.1:${ports.gateway}`;
  try {
    const [map, address] = [join(folder, "monmap"), `[v2:127.0.0.1:${ports.monitor}]`];
    run("monmaptool", "--create", "--addv", "a", address, map);
    run("ceph-mon", "--mkfs", "-i", "a", "--monmap", map);
    start("ceph-mon", "-i", "a");
    const disk = randomUUID();
    run("ceph", "--connect-timeout", "30", "osd", "new", disk);
    run("ceph-osd", "--mkfs", "-i", "0", "--osd-uuid", disk);
    start("ceph-osd", "-i", "0");
    const { accessKeyId, secretAccessKey } = credentials;
    const keys = ["--access-key", accessKeyId, "--secret-key", secretAccessKey];
    run("radosgw-admin", "user", "create", "--uid", "test", "--display-name", "test", ...keys);
    const gateway = start("radosgw", "-n", "client.admin");
    await until(async () => {
      if (gateway.exitCode !== null) throw new Error(`radosgw ended with ${gateway.exitCode}`);
      return (await fetch(endpoint).catch(() => undefined))?.ok === true;
    });
  } catch (cause) {
    await kill();
    throw new Error(`Ceph did not start; its logs are in ${folder}.`, { cause });
  }
  return {
    endpoint,
    credentials,
    async close() {
      await kill();
      await rm(folder, { recursive: true });
    },
  };
}

const configuration = (folder: string, ports: { monitor: number; gateway: number }) => `[global]
fsid = ${randomUUID()}
mon host = v2:127.0.0.1:${ports.monitor}/0
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
# The gateway wants this connection encrypted, which there are no keys for: refused with -13.
ms mon client mode = crc
run dir = ${folder}
log file = ${folder}/$name.log
admin socket =
mon data = ${folder}/mon
# A full disk must not stop it: it writes a few megabytes, on a machine that may have a large one.
mon data avail crit = -1
mon data avail warn = -1
mon allow pool size one = true
mon max pg per osd = 1000
paxos propose interval = 0.05
paxos min wait = 0.01
osd data = ${folder}/osd
osd objectstore = memstore
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
rgw rados pool pg num min = 1
[client.admin]
rgw data = ${folder}/rgw
rgw frontends = beast endpoint=127.0.0.1:${ports.gateway}
`;

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}
