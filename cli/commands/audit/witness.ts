import {
  createHash,
  generateKeyPairSync,
  createPrivateKey,
  createPublicKey,
  sign,
} from "node:crypto";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { LogSigner } from "../../../audit/logs.ts";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { approverName, parseApprovers } from "../../../audit/verify/approvers.ts";
import type { SignedRestore } from "../../../audit/verify/log-restore.ts";
import { formatVkey, isKeyName, KEY_TYPES, parseVkey } from "../../../audit/verify/note.ts";
import { witnessListener } from "../../../audit/witness/witness-listener.ts";
import type { WitnessStore } from "../../../audit/witness/witness-options.ts";
import { readPrivateFile, replaceFile, writeFileOnce } from "../../../keys/private-file.ts";
import type { Print } from "../../output.ts";
import { CommandError } from "../../settings.ts";

export interface WitnessCommandOptions {
  readonly name: string;
  /** A folder for this witness alone. It holds the witness's key and the checkpoints that it saw. */
  readonly state: string;
  readonly host: string;
  readonly port: string;
  readonly log: readonly string[];
  /**
   * The verifier keys of the people who may approve a restore. Two of them must have approved each.
   */
  readonly approver?: readonly string[];
}

/** Runs a witness until it is stopped. Put a TLS proxy in front of it. */
export async function runWitness(options: WitnessCommandOptions, print: Print): Promise<void> {
  const { name, state, host, approver } = options;
  if (!isKeyName(name)) throw new CommandError("--name must have no spaces and no plus sign.");
  const signer = await openSigner(state);
  const listener = witnessListener({
    name,
    signer,
    logs: options.log.map((vkey) => parseVkey(nodeChecks.sha256, vkey)),
    approvers: approver === undefined ? [] : parseApprovers(nodeChecks.sha256, approver),
    store: fileStore(state),
    now: Date.now,
    onRestore: (restore) => void print(restoredLine(restore)).catch(() => undefined),
  });
  const server = createServer(listener);
  server.requestTimeout = 10_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(Number(options.port), host, resolve);
  });
  const { publicKey } = signer;
  const vkey = formatVkey(nodeChecks.sha256, { name, type: KEY_TYPES.cosignature, publicKey });
  const { port } = server.address() as AddressInfo;
  // The witness keeps serving when its output is not read.
  await print(`${vkey}\nlistening on http://${host}:${port}/add-checkpoint`).catch(() => undefined);
  const stopped = new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, resolve);
  });
  await stopped;
  server.close();
  server.closeAllConnections();
}

async function openSigner(state: string): Promise<LogSigner> {
  const path = join(state, "witness-key.pem");
  await mkdir(state, { recursive: true, mode: 0o700 });
  const made = generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" });
  await writeFileOnce(path, made.toString());
  const key = createPrivateKey(await readPrivateFile(path));
  const { x = "" } = createPublicKey(key).export({ format: "jwk" });
  return {
    publicKey: Buffer.from(x, "base64url"),
    sign: (bytes) => Promise.resolve(sign(null, bytes, key)),
  };
}

function fileStore(state: string): WitnessStore {
  // Returns a digest of the origin, which may contain characters that a file name may not.
  const digestOf = (origin: string) => createHash("sha256").update(origin).digest("hex");
  const pathOf = (origin: string) => join(state, `${digestOf(origin)}.checkpoint`);
  return {
    latest: (origin) =>
      readFile(pathOf(origin), "utf8").catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }),
    put: (origin, note) => replaceFile(pathOf(origin), note),
    restores: (origin) => notesIn(join(state, `${digestOf(origin)}.restores`)),
    async addRestore(origin, note) {
      const name = createHash("sha256").update(note).digest("hex");
      await writeFileOnce(join(state, `${digestOf(origin)}.restores`, name), note);
    },
  };
}

async function notesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  });
  const whole = names.filter((name) => /^[0-9a-f]{64}$/.test(name));
  return Promise.all(whole.map((name) => readFile(join(folder, name), "utf8")));
}

function restoredLine(restore: SignedRestore): string {
  const { origin, backupOfMs, published, continues, approvedBy } = restore;
  const names = approvedBy.map((key) => approverName(nodeChecks.sha256, key)).join(" and ");
  return (
    `${origin} was restored from a backup of ${new Date(backupOfMs).toISOString()}, approved by ${names}. ` +
    `It continues after ${continues.size} entries; ${published.size} were published.`
  );
}
