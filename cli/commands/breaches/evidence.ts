import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CaseId, UserId } from "../../../crypto/wire/ids.ts";
import {
  listExposedSubjects,
  showBreach,
  type SubjectPage,
} from "../../../workflows/breaches/show-breach.ts";
import type { Settings } from "../../settings.ts";
import { exportLog } from "../audit/export.ts";
import { notWritten } from "../audit/export-folder.ts";
import { withPolicy, type CommandPolicy } from "../policy/with-policy.ts";
import { breachOf } from "./breaches.ts";

/**
 * Writes the evidence of a breach to a folder: the case, drafts of the notices, the accounts by their pseudonyms, and the
 * audit log with its signed checkpoint, which `sealdesk audit verify` verifies offline.
 * @throws CommandError if the folder is not empty or cannot be written; WorkflowError case_not_found
 */
export async function evidenceCommand(
  settings: Settings,
  text: string,
  { tenant, out }: { readonly tenant: string; readonly out: string },
): Promise<string> {
  const id = breachOf(text);
  await mkdir(out, { recursive: true }).catch(notWritten);
  const write = (name: string, content: string) =>
    writeFile(join(out, name), content, { flag: "wx" }).catch(notWritten);
  const count = await withPolicy(settings, tenant, async (policy) => {
    const breach = await showBreach(policy.deps, policy.party, id);
    const { letters, ...rest } = breach;
    await write("breach.json", `${JSON.stringify(rest, undefined, 2)}\n`);
    for (const letter of letters) await write(`draft-to-${letter.audience}.txt`, letter.text);
    const lines = await subjectLines(policy, id);
    await write("subjects.csv", ["account,exposures\n", ...lines].join(""));
    return lines.length;
  });
  const exported = await exportLog(settings, {
    tenant,
    format: "tiles",
    out: join(out, "audit-log"),
  });
  return `The evidence is in ${out}: the case, drafts, and ${count} accounts by their pseudonyms. ${exported}`;
}

async function subjectLines(
  { deps, party }: CommandPolicy,
  id: CaseId,
): Promise<readonly string[]> {
  const lines: string[] = [];
  let after: UserId | undefined;
  for (;;) {
    const page: SubjectPage = await listExposedSubjects(deps, party, { id, after });
    lines.push(
      ...page.subjects.map(({ subject, exposures }) => `${subject},${exposures.join(" ")}\n`),
    );
    if (page.next === null) return lines;
    after = page.next;
  }
}
