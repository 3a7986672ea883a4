import type { CheckpointStore } from "../../audit/checkpoints/checkpoint-store.ts";
import { openOurs } from "../../audit/integrate/open-ours.ts";
import { withIntegratorSession } from "../../audit/integrate/session.ts";
import type { LogSigner } from "../../audit/logs.ts";
import {
  createDeclaration,
  formatDeclaration,
  type DeclaredLog,
} from "../../audit/restore/declaration.ts";
import { findLost } from "../../audit/restore/find-lost.ts";
import { recordRestores, type KnownLog } from "../../audit/restore/record-restore.ts";
import { readAllRestores, readRestores } from "../../audit/restore/restores.ts";
import { signDeclaration } from "../../audit/restore/sign-declaration.ts";
import { asOwner } from "../../db/as-owner.ts";
import { approvers, approvedBy, people } from "./approvers.ts";

/** Declares a restore, as the operator would, and signs it as two people would. */
export async function signedDeclaration(
  url: string,
  store: CheckpointStore,
  signer: LogSigner,
): Promise<readonly DeclaredLog[]> {
  const { publicKey } = signer;
  const heads = (await store.all()).map(({ log, note }) => ({
    log,
    head: openOurs(note, publicKey),
  }));
  const lost = await withIntegratorSession(url, async (client) => {
    const restores = await readAllRestores(client, { store, publicKey, approvers });
    return findLost(client, heads, restores, publicKey);
  });
  const [backupOfMs, declaredAtMs] = [Date.parse("2026-01-01"), Date.now()];
  const cause = { backupOfMs, declaredAtMs, reason: "fire", approvers };
  return signDeclaration(signer, approvedBy(createDeclaration(cause, lost), people));
}

/** Declares and applies a restore, as two people and the operator would. */
export async function declareRestore(
  url: string,
  store: CheckpointStore,
  signer: LogSigner,
): Promise<void> {
  await store.keepDeclaration(formatDeclaration(await signedDeclaration(url, store, signer)));
  await recordDeclared(url, store, signer);
}

/** The second half of `declareRestore`, after an interruption. */
export async function recordDeclared(
  url: string,
  store: CheckpointStore,
  { publicKey }: LogSigner,
): Promise<void> {
  const restores = await readRestores(store, publicKey, approvers);
  const { rows: logs } = await withIntegratorSession(url, (client) =>
    client.query<KnownLog>("select id, origin from audit.logs"),
  );
  await asOwner(url, "", (client) => recordRestores(client, restores, logs, Date.now()));
}
