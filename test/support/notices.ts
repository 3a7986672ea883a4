/** Privacy notices, and consents under them, as people of an organisation and its customers make them. */
import type { ConsentId, ConversationId } from "../../crypto/wire/ids.ts";
import { draftNotice } from "../../messaging/notices/draft-notice.ts";
import { publishNotice } from "../../messaging/notices/publish-notice.ts";
import { newId } from "../../tools/testkit/ids.ts";
import type { Member } from "./member.ts";
import { operator } from "./policy-versions.ts";
import type { TestServer } from "./server.ts";

export const noticeTexts = [
  { language: "en", text: "# How we use your messages\n\nWe answer you." },
  { language: "de", text: "# Wie wir Ihre Nachrichten nutzen\n\nWir antworten Ihnen." },
];

/** Publishes a version of the notice with two people. @returns its number */
export async function putNoticeInForce(
  server: TestServer,
  controller = "Clinic, privacy office, +1 555 0100",
): Promise<number> {
  const deps = { pool: server.database.pool, now: () => Date.now(), newId };
  const { version, approval, hash } = await draftNotice(deps, operator(server.tenant, "ann"), {
    controller,
    texts: noticeTexts,
    reason: "a test",
    beginsAtMs: null,
  });
  await publishNotice(deps, operator(server.tenant, "ben"), { id: approval, hash });
  return version;
}

/** Lets a customer consent to staff showing a conversation to colleagues. */
export async function consentToSharing(
  { sealdesk }: Pick<Member, "sealdesk">,
  conversation: ConversationId,
): Promise<ConsentId> {
  const notice = await sealdesk.notices.current();
  return sealdesk.consents.give({ purpose: "history_sharing", conversation, notice });
}

export const withdrawSharing = (
  { sealdesk }: Pick<Member, "sealdesk">,
  conversation: ConversationId,
): Promise<ConsentId> => sealdesk.consents.withdraw({ purpose: "history_sharing", conversation });
