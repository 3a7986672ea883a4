import { adoptionText, headLine } from "../../../../audit/adopt/adoption.ts";
import { isReason } from "../../../../audit/verify/log-restore.ts";
import { writeFileOnce } from "../../../../keys/private-file.ts";
import { CommandError, type Settings } from "../../../settings.ts";
import { configuredApprovers, withRestoring } from "../restore/restoring.ts";
import { missingHeads } from "./missing-heads.ts";

/** Writes which heads have no checkpoint outside, for two people to sign. It changes no log. */
export async function declareAdoption(
  settings: Settings,
  { reason, out }: { readonly reason: string; readonly out: string },
): Promise<string> {
  const approvers = configuredApprovers(settings);
  if (!isReason(reason))
    throw new CommandError("--reason takes one line of at most 300 characters. Everyone reads it.");
  return withRestoring(settings, async (restoring) => {
    const heads = (await missingHeads(restoring)).map(({ head }) => head);
    if (heads.length === 0)
      throw new CommandError(
        "Each signed log has a checkpoint outside. There is nothing to adopt.",
      );
    const text = adoptionText({ declaredAtMs: Date.now(), reason, approvers, heads });
    if (!(await writeFileOnce(out, `${text}\n`)))
      throw new CommandError(`${out} exists already. Choose another file.`);
    const names = approvers.map(({ name }) => name).join(", ");
    return [
      ...heads.map(headLine),
      `Wrote ${out}. Two of ${names} must sign it within 24 hours.`,
    ].join("\n");
  });
}
