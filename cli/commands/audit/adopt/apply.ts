import { readFile } from "node:fs/promises";
import { assertAdopted, headLine, parseAdoption } from "../../../../audit/adopt/adoption.ts";
import { recordAdoption } from "../../../../audit/adopt/record-adoption.ts";
import { asOwner } from "../../../../db/as-owner.ts";
import { CommandError, type Settings } from "../../../settings.ts";
import { catchUpIfAlone } from "../open-log.ts";
import { configuredApprovers, withRestoring } from "../restore/restoring.ts";
import { takeLock } from "../restore/take-lock.ts";
import { missingHeads } from "./missing-heads.ts";

/**
 * Keeps the heads that two approvers adopted outside the database. The entries about it are stored
 * first. Run it again after an interruption.
 */
export async function applyAdoption(settings: Settings, file: string): Promise<string> {
  const parsed = parseAdoption(await readFile(file, "utf8"));
  const approvedBy = assertAdopted(parsed, configuredApprovers(settings), Date.now());
  const { adoption } = parsed;
  const adopted = new Set(adoption.heads.map(headLine));
  const count = await withRestoring(settings, async (restoring) => {
    const { client, ownerUrl, store } = restoring;
    await takeLock(client);
    const missing = await missingHeads(restoring);
    if (!missing.every(({ head }) => adopted.has(headLine(head))))
      throw new CommandError(
        "The statement does not name the heads that have no checkpoint outside. They changed since it was written, or it is of another deployment. Declare it again.",
      );
    if (missing.length === 0) return 0;
    const logs = new Map(missing.map(({ log, head }) => [log, head]));
    await asOwner(ownerUrl, "", (owner) =>
      recordAdoption(owner, adoption, approvedBy, logs, {
        by: settings.operator,
        nowMs: Date.now(),
      }),
    );
    for (const { log, note } of missing) await store.put(log, note);
    return missing.length;
  });
  const refusal = await withRestoring(settings, ({ ownerUrl, signer }) =>
    catchUpIfAlone(settings, ownerUrl, signer),
  );
  if (refusal !== undefined)
    throw new CommandError(`Adopted ${count} heads. The logs do not continue: ${refusal.message}`);
  return count === 0 ? "The heads were adopted before." : `Adopted ${count} heads.`;
}
