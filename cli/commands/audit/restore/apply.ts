import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { tryLead } from "../../../../audit/integrate/session.ts";
import type { LogSigner } from "../../../../audit/logs.ts";
import { nodeChecks } from "../../../../audit/node-checks.ts";
import {
  assertApproved,
  declarationKey,
  logRestores,
  parseDeclaration,
  parseUnsigned,
  type RestoreDeclaration,
} from "../../../../audit/restore/declaration.ts";
import { recordRestore } from "../../../../audit/restore/record-restore.ts";
import {
  formatNote,
  formatVkey,
  keyIdOf,
  signatureBy,
  type Note,
  type NoteKey,
} from "../../../../audit/verify/note.ts";
import type { LogRestore } from "../../../../audit/verify/log-restore.ts";
import { equalBytes, utf8 } from "../../../../crypto/wire/bytes.ts";
import type { Client } from "../../../../db/pool.ts";
import { asOwner } from "../../../../keys/accounts/as-owner.ts";
import { CommandError, type Settings } from "../../../settings.ts";
import { catchUpIfAlone } from "../open-log.ts";
import { lostLine } from "./declare.ts";
import { approversOf, lostLogs, withRestoring, type Restoring } from "./restoring.ts";

/** For this long the command waits for the lock of the node that continues the logs. */
const LOCK_MS = 10_000;

/**
 * Applies a declaration that two approvers signed. The database records it first. It counts from the
 * moment when it is stored outside. Run it again after an interruption.
 */
export async function applyCommand(settings: Settings, file: string): Promise<string> {
  const configured = approversOf(settings);
  const note = parseUnsigned(await readFile(file, "utf8"));
  const declaration = parseDeclaration(note.text);
  if (vkeysOf(declaration.approvers) !== vkeysOf(configured))
    throw new CommandError(
      "The declaration names other approvers than AUDIT_RESTORE_APPROVERS. Declare the restore again.",
    );
  const signers = assertApproved(declaration, note);
  const logs = logRestores(declaration, signers, note.text);
  const lines = await withRestoring(settings, async (restoring) => {
    await takeLock(restoring.client);
    const isApplied = hasAll(restoring, logs);
    if (!isApplied) await assertFits(restoring, declaration);
    const { ownerUrl, signer } = restoring;
    const earlier = restoring.restores.all.filter((each) => !isOf(each, logs));
    await asOwner(ownerUrl, "", (client) =>
      recordRestore(client, signer, { earlier, declared: logs, logs: restoring.logs }, Date.now()),
    );
    if (!isApplied) await keepOutside(restoring, { declaration, note, signers });
    return [
      ...logs.map(lostLine),
      isApplied ? "The restore was applied before." : "The restore is applied.",
    ];
  });
  const refusal = await continueLogs(settings);
  if (refusal !== undefined)
    throw new CommandError([...lines, `The logs do not continue: ${refusal.message}`].join("\n"));
  return lines.join("\n");
}

const vkeysOf = (keys: readonly NoteKey[]): string =>
  keys.map((key) => formatVkey(nodeChecks.sha256, key)).join(" ");

/** No node may continue the logs while it is decided from where they continue. */
async function takeLock(client: Client): Promise<void> {
  for (const until = performance.now() + LOCK_MS; !(await tryLead(client));) {
    if (performance.now() > until)
      throw new CommandError("A node continues the logs. Stop all nodes, then run this again.");
    await pause(100);
  }
}

const isOf = ({ declaration }: LogRestore, logs: readonly LogRestore[]): boolean =>
  logs.some((log) => equalBytes(log.declaration, declaration));

const hasAll = ({ restores }: Restoring, logs: readonly LogRestore[]): boolean =>
  restores.all.some((each) => isOf(each, logs));

/** @throws CommandError if database and published heads are not exactly what was signed */
async function assertFits(restoring: Restoring, declared: RestoreDeclaration): Promise<void> {
  if (declared.deployment !== restoring.deployment)
    throw new CommandError(
      `The declaration is of ${declared.deployment}, and this is ${restoring.deployment}.`,
    );
  const linesOf = (logs: RestoreDeclaration["logs"]) =>
    logs
      .map(({ origin, restores, published, continues }) =>
        JSON.stringify([origin, restores, headOf(published), headOf(continues)]),
      )
      .join("\n");
  if (linesOf(await lostLogs(restoring)) !== linesOf(declared.logs))
    throw new CommandError(
      "The declaration does not fit the database and the checkpoints outside it any more. Declare the restore again.",
    );
}

const headOf = ({ size, root }: { readonly size: number; readonly root: Uint8Array }) => [
  size,
  Buffer.from(root).toString("base64"),
];

interface Approved {
  readonly declaration: RestoreDeclaration;
  readonly note: Note;
  readonly signers: readonly NoteKey[];
}

/** The superseded heads are stored for good first. Then the declaration counts. */
async function keepOutside(
  { store, signer }: Restoring,
  { declaration, note, signers }: Approved,
): Promise<void> {
  const origins = new Set(declaration.logs.map(({ origin }) => origin));
  for (const { log, note: head } of await store.all())
    if (origins.has(head.split("\n")[0] ?? "")) await store.keepProof(log, head);
  const { sha256 } = nodeChecks;
  const approvals = signers.flatMap((key) => signatureBy(sha256, note, key) ?? []);
  const own = await signWith(signer, declaration.deployment, note.text);
  await store.keepDeclaration(formatNote(note.text, [...approvals, own]));
}

async function signWith(signer: LogSigner, deployment: string, text: string) {
  const key = declarationKey(deployment, signer.publicKey);
  const keyId = keyIdOf(nodeChecks.sha256, key);
  return { name: key.name, keyId, signature: await signer.sign(utf8(text)) };
}

/** Signs the first heads after the restore, unless a node does so. */
const continueLogs = (settings: Settings): Promise<Error | undefined> =>
  withRestoring(settings, ({ ownerUrl, signer }) => catchUpIfAlone(settings, ownerUrl, signer));
