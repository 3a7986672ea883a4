import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureInstalled } from "./debian-packages.ts";
import { until } from "./until.ts";

const shipped = fileURLToPath(new URL("../../deploy/nginx.conf", import.meta.url));
const nginx = "/usr/sbin/nginx";

/**
 * Runs Debian's nginx as `deploy/nginx.conf` says, without TLS, on `port` and in front of one node.
 * @param node the port of the node
 * @param readTimeout how long nginx keeps a connection on which the node is silent
 * @returns a function that stops it
 */
export async function startNginx(
  port: number,
  node: number,
  readTimeout = "60s",
): Promise<() => Promise<void>> {
  ensureInstalled(() => spawnSync(nginx, ["-v"]).status === 0, ["nginx-light"]);
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-nginx-"));
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${folder}/${kind};`)
    .join(" ");
  const config = (await readFile(shipped, "utf8"))
    .replace("worker_rlimit_nofile 50000;", "")
    .replace("access_log off;", `access_log off; ${temporary}`)
    .replace("server 10.0.0.11:8080;", `server 127.0.0.1:${node};`)
    .replace("server 10.0.0.12:8080;", "")
    .replace("listen 443 ssl;", `listen 127.0.0.1:${port};`)
    .replace("proxy_read_timeout 60s", `proxy_read_timeout ${readTimeout}`)
    .replace(/ssl_[a-z_]+ [^;]*;/g, "");
  const file = join(folder, "nginx.conf");
  const options = `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/errors;`;
  await writeFile(file, config);
  const child = spawn(nginx, ["-c", file, "-g", options], { stdio: "ignore" });
  await until(() => {
    if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}.`);
    return listens(port);
  });
  return async () => {
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
