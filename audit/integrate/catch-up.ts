import type { CheckpointStore } from "../checkpoints/checkpoint-store.ts";
import type { LogSigner } from "../logs.ts";
import type { NoteKey } from "../verify/note.ts";
import type { Witnesses } from "../witness/witnesses.ts";
import { integrateBatch, MOST_AT_ONCE } from "./integrate-batch.ts";
import { assertOrigins } from "./origins.ts";
import { resumeLeadership, tryLead, withIntegratorSession } from "./session.ts";
import { signTrees } from "./sign-trees.ts";
import { signWithNextKey } from "./sign-with-next-key.ts";

const HAS_SIGNED = "select exists (select from audit.checkpoints) as signed";

interface CatchUpOptions {
  /** A login that is a member of sealdesk_app. */
  readonly url: string;
  readonly originPrefix: string;
  readonly signer: LogSigner;
  readonly store: CheckpointStore;
  /** The people who may approve a restore. Two of them must have approved each declared restore. */
  readonly approvers: readonly NoteKey[];
  readonly witnesses: Pick<Witnesses, "assertConsistent">;
}

/**
 * Integrates and signs once, as a node does continuously. Commands use it while no node runs. Only
 * a node makes the very first signature, because a command may have been given another server's key
 * by mistake.
 * @throws AuditError audit_log_behind, audit_log_inconsistent, audit_checkpoint_invalid
 */
export async function catchUp(options: CatchUpOptions): Promise<void> {
  const { url, originPrefix, signer, store, approvers, witnesses } = options;
  await withIntegratorSession(url, async (client) => {
    const { rows } = await client.query<{ signed: boolean }>(HAS_SIGNED);
    if (rows[0]?.signed !== true || !(await tryLead(client))) return;
    const { publicKey } = signer;
    const resumed = await resumeLeadership(client, { store, publicKey, approvers });
    const { unsigned, origins, restores } = resumed;
    await witnesses.assertConsistent(client, restores);
    await signWithNextKey(client, signer, store, resumed);
    await signTrees(client, signer, store, unsigned, restores);
    // Signing a tenant's head adds an entry to the operator's log.
    for (;;) {
      const { taken, trees } = await integrateBatch(client, originPrefix, MOST_AT_ONCE);
      if (taken === 0) return;
      assertOrigins(trees, origins);
      await signTrees(client, signer, store, trees, restores);
    }
  });
}
