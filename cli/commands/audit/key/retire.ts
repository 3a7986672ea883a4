import { AuditError } from "../../../../audit/audit-error.ts";
import { readSignedHeads } from "../../../../audit/checkpoints/unkept-heads.ts";
import { openOurs } from "../../../../audit/integrate/open-ours.ts";
import { destroyFormerAuditKey } from "../../../../keys/audit-key.ts";
import { openKms } from "../../../../keys/kms/open-kms.ts";
import { CommandError, type Settings } from "../../../settings.ts";
import { withRestoring, type Restoring } from "../restore/restoring.ts";
import { takeLock } from "../restore/take-lock.ts";

/**
 * Destroys the former audit key, if nothing needs it any more.
 * @throws CommandError: a node runs, no other key signs, or something is signed by the former key alone
 */
export async function retireKeyCommand(settings: Settings): Promise<string> {
  await withRestoring(settings, async (restoring) => {
    await takeLock(restoring.client);
    await assertReplaced(restoring);
    const { kms } = await openKms(settings.kms());
    const { ownerUrl } = restoring;
    try {
      await destroyFormerAuditKey({ ownerUrl, kms, now: Date.now, by: settings.operator });
    } finally {
      await kms.close();
    }
  });
  return "The former audit key is destroyed. Heads that it alone signed count no more.";
}

async function assertReplaced({ client, store, signer, restores }: Restoring): Promise<void> {
  const { next } = signer;
  if (next === undefined)
    throw new CommandError("No other key signs the logs. Run sealdesk audit key rotate first.");
  if (restores.all.length > 0)
    throw new CommandError(
      "A restore from a backup is declared, which the former audit key signed. Nodes need that key to read the declaration, so it cannot be destroyed.",
    );
  const heads = [...(await readSignedHeads(client)), ...(await store.all())];
  for (const { note } of heads)
    try {
      openOurs(note, next.publicKey);
    } catch (error) {
      if (!(error instanceof AuditError)) throw error;
      const [origin] = note.split("\n");
      throw new CommandError(
        `The new key has not signed the newest head of ${origin} yet. Start a node until /readyz answers 200, stop it, and run this again.`,
      );
    }
}
