import { readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openRequestLink } from "../../../client/index.ts";
import { utf8 } from "../../../crypto/wire/bytes.ts";
import type { CaseId } from "../../../crypto/wire/ids.ts";
import type { Scenario } from "../scenario.ts";
import { countKeys } from "../stage/attack.ts";
import { keepHead, verifyLog } from "../stage/audit.ts";
import { certified, countCertificates, reached, stateOf } from "../stage/erasure.ts";

/** The store of attachments does not answer during an erasure. */
export const storeAway: Scenario = {
  id: "S15",
  title: "The store of attachments is away during an erasure, and comes back.",
  demands: {
    filesBefore: { atLeast: 1 },
    filesWhileAway: { sameAs: "filesBefore" },
    reasonSaid: true,
    saidToRequester: true,
    certificatesWhileAway: 0,
    filesLeft: 0,
    attempts: { atLeast: 2 },
    attachmentsErased: 1,
    keysLeft: 0,
    certificateVerified: true,
    auditVerified: true,
  },
  async play(stage) {
    await stage.begin();
    const { system } = stage;
    const [customer, agent] = [await stage.customer(), await stage.staff("the agent")];
    const { id, texts } = await stage.talk(customer, agent);
    const conversation = await customer.joined(id);
    const data = utf8(texts.join("\n"));
    await conversation.sendAttachment({ name: "letter.txt", type: "text/plain", data });
    const { user } = customer;
    const head = await keepHead(stage);
    const [folder, away] = [join(system.home, "attachments"), system.outside("attachments")];
    const filesBefore = await countFiles(folder);
    await rename(folder, away);
    await writeFile(folder, "");
    stage.tell("The customer sent a file. Its store is away now.");
    const { id: request, link } = await customer.sealdesk.rights.request("erasure");
    const decide = ["--decision", "accepted", "--window-hours", "0"];
    await stage.sealdesk("request", "decide", request, "--tenant", "demo", ...decide);
    const { rows } = await system.administrator.query<{ id: CaseId }>(
      "select case_id as id from sealdesk.erasures where subject = $1",
      [user],
    );
    const [begun] = rows;
    if (begun === undefined) throw new Error("The accepted request began no erasure.");
    const erasure = begun.id;
    await reached(stage, erasure, "attachments");
    const shown = await (await openRequestLink(link)).status();
    const { pending } = await stateOf(stage, erasure);
    const certificatesWhileAway = await countCertificates(stage, [user]);
    const filesWhileAway = await countFiles(away);
    stage.tell(`There is no certificate. The case waits: ${pending}.`);
    await rm(folder);
    await rename(away, folder);
    const { certificate, isVerified } = await certified(stage, erasure);
    return {
      filesBefore,
      filesWhileAway,
      reasonSaid: pending === "attachments",
      saidToRequester: shown.erasure?.pending === "attachments",
      certificatesWhileAway,
      filesLeft: await countFiles(folder),
      attempts: certificate.stores.find(({ store }) => store === "attachments")?.attempts ?? 0,
      attachmentsErased: certificate.erased
        .filter(({ kind }) => kind === "attachments")
        .reduce((sum, { records }) => sum + records, 0),
      keysLeft: await countKeys(system, [id]),
      certificateVerified: isVerified,
      auditVerified: (await verifyLog(stage, head)).code === 0,
    };
  },
};

async function countFiles(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).length;
}
