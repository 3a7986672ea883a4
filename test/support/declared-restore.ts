import type { CheckpointStore } from "../../audit/checkpoints/checkpoint-store.ts";
import { openOurs } from "../../audit/integrate/check-outside.ts";
import { withIntegratorSession } from "../../audit/integrate/session.ts";
import { OPERATOR_LOG, type LogSigner } from "../../audit/logs.ts";
import { nodeChecks } from "../../audit/node-checks.ts";
import { createApproverKey, parseApproverKey } from "../../audit/restore/approver-key.ts";
import { declarationKey, declarationText, logRestores } from "../../audit/restore/declaration.ts";
import { findLost } from "../../audit/restore/find-lost.ts";
import { recordRestore, type KnownLog } from "../../audit/restore/record-restore.ts";
import { readRestores } from "../../audit/restore/restores.ts";
import { formatNote, keyIdOf } from "../../audit/verify/note.ts";
import { utf8 } from "../../crypto/wire/bytes.ts";
import { asOwner } from "../../keys/accounts/as-owner.ts";

/** Declares and applies a restore, as two people and the operator would. */
export async function declareRestore(
  url: string,
  store: CheckpointStore,
  signer: LogSigner,
): Promise<void> {
  const people = ["alice", "bob"].map((name) => parseApproverKey(createApproverKey(name)));
  const { publicKey } = signer;
  const { all: earlier } = await readRestores(store, publicKey);
  const { lost, logs } = await withIntegratorSession(url, async (client) => {
    const heads = (await store.all()).map(({ log, note }) => ({
      log,
      head: openOurs(note, publicKey),
    }));
    return {
      lost: await findLost(client, heads, await readRestores(store, publicKey)),
      logs: (await client.query<KnownLog>("select id, origin from audit.logs")).rows,
    };
  });
  const deployment = logs.find(({ id }) => id === OPERATOR_LOG)?.origin ?? "";
  const approvers = people.map(({ key }) => key);
  const [backupOfMs, declaredAtMs] = [Date.parse("2026-01-01"), Date.parse("2026-01-02")];
  const declaration = {
    deployment,
    backupOfMs,
    declaredAtMs,
    reason: "fire",
    approvers,
    logs: lost,
  };
  const text = declarationText(declaration);
  const declared = logRestores(declaration, approvers, text);
  await asOwner(url, "", (client) =>
    recordRestore(client, signer, { earlier, declared, logs }, declaredAtMs),
  );
  const own = {
    name: deployment,
    keyId: keyIdOf(nodeChecks.sha256, declarationKey(deployment, publicKey)),
    signature: await signer.sign(utf8(text)),
  };
  const note = formatNote(text, [...people.map((each) => each.sign(text)), own]);
  await store.keepDeclaration(note);
}
