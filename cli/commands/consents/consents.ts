import { readFile, writeFile } from "node:fs/promises";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { KnownHeads } from "../../../audit/read/known-heads.ts";
import { verifyConsentReceipt } from "../../../audit/verify/consent-receipt.ts";
import { parseVkey } from "../../../audit/verify/note.ts";
import { fromUtf8, toBase64Url } from "../../../crypto/wire/bytes.ts";
import { isId, type ConsentId, type UserId } from "../../../crypto/wire/ids.ts";
import { consentReceipt } from "../../../messaging/consents/consent-receipt.ts";
import { readConsents, type StoredConsent } from "../../../messaging/consents/read-consents.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { withLog } from "../audit/open-log.ts";
import { withPolicy } from "../policy/with-policy.ts";

interface Options {
  readonly tenant: string;
}

/** Lists the consent records of an account, the earliest first, as JSON lines. */
export async function listConsentsCommand(
  settings: Settings,
  user: string,
  { tenant }: Options,
): Promise<string> {
  if (!isId<UserId>(user)) throw new CommandError("Give the id of an account.");
  return withPolicy(settings, tenant, async ({ deps, party }) => {
    const lines: string[] = [];
    let page = await readConsents(deps, party, { user, after: 0 });
    while (page.length > 0) {
      lines.push(...page.map(lineOf));
      page = await readConsents(deps, party, { user, after: page.at(-1)?.number ?? 0 });
    }
    return lines.length === 0 ? "The account has no consent records." : lines.join("\n");
  });
}

const lineOf = ({ number, text, signature, receivedAtMs }: StoredConsent): string =>
  JSON.stringify({
    number,
    receivedAtMs,
    record: JSON.parse(fromUtf8(text)) as unknown,
    signature: toBase64Url(signature),
  });

/** Writes the receipt of a consent record to a file. */
export async function consentReceiptCommand(
  settings: Settings,
  id: string,
  { tenant, out }: Options & { readonly out: string },
): Promise<string> {
  if (!isId<ConsentId>(id)) throw new CommandError("Give the id of a consent record.");
  const receipt = await withLog(settings, { tenant }, ({ signer }) =>
    withPolicy(settings, tenant, ({ deps, party }) =>
      consentReceipt({ ...deps, heads: new KnownHeads(signer.publicKey) }, party, id),
    ),
  );
  await writeFile(out, receipt);
  return `Wrote ${out}. Anybody can check it with sealdesk verify consent.`;
}

/**
 * Verifies the receipt of a consent with only the file and the key of the tenant's audit log.
 * @throws LogError that says what is wrong
 */
export async function verifyConsentCommand(
  file: string,
  { vkey }: { readonly vkey: string },
): Promise<string> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new CommandError(`The file ${file} cannot be read.`, { cause });
  });
  const key = parseVkey(nodeChecks.sha256, vkey);
  const proven = verifyConsentReceipt(nodeChecks, text, key);
  const { record, notice, accountKey, countersignedAtMs, checkpoint } = proven;
  const about =
    record.conversation === undefined ? "the account" : `conversation ${record.conversation}`;
  return [
    `Verified: consent ${record.id} to ${record.purpose} was ${record.state}, for ${about}.`,
    `By account ${record.user}, whose key is ${toBase64Url(accountKey)}.`,
    ...(record.state === "given" && notice !== undefined
      ? [
          `Under version ${record.notice.version} (${notice.language}) of the notice of ${notice.controller}.`,
        ]
      : []),
    `Countersigned at ${new Date(countersignedAtMs).toISOString()} in ${checkpoint.origin}.`,
  ].join("\n");
}
