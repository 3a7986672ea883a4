import {
  isId,
  nilId,
  type AttachmentId,
  type ConversationId,
  type UserId,
} from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { directoryFacts } from "../../identity/directory/assert-readable.ts";
import type { ConversationFacts } from "../../policies/abilities.ts";
import type { Actor } from "../../policies/actor.ts";
import type { FactsOf } from "../../policies/explanation.ts";
import { uploadFacts } from "../attachments/own-upload.ts";
import { attachmentNotFound, findAttachment } from "../attachments/upload-row.ts";
import { hasSibling } from "../attachments/uploads.ts";
import { conversationFacts, membershipFacts } from "../members/facts.ts";
import { unknown, type AskedResource, type Question } from "./question.ts";

/**
 * Reads the facts for the decision, by the functions that the use cases read them with. Facts that come with
 * a request, such as the range of a history grant, are left out.
 * @throws MessagingError conversation_not_found, attachment_not_found; IdentityError user_not_found,
 *   unknown_right
 */
export async function loadFacts(
  client: Client,
  actor: Actor,
  question: Question,
): Promise<FactsOf[AskedResource]> {
  const { tenant } = actor;
  switch (question.kind) {
    case "conversation":
      return question.action === "create"
        ? newConversation(actor)
        : ofConversation(client, actor, question);
    case "directory":
      if (!isId<UserId>(question.id)) throw unnamed();
      return directoryFacts(client, actor, question.id);
    case "upload": {
      if (!isId<AttachmentId>(question.id)) throw unnamed();
      const row = await findAttachment(client, question.id);
      if (row === undefined) throw attachmentNotFound();
      return uploadFacts(client, row);
    }
    case "policy":
      // The question is about a version that somebody else proposed.
      return { tenant, requester: nilId() };
    case "audit_log":
    case "account_names":
    case "disclosures":
    case "staff_list":
    case "alerts":
    case "approvals":
      return { tenant };
  }
}

async function ofConversation(
  client: Client,
  actor: Actor,
  { id, subject: user }: Question,
): Promise<ConversationFacts> {
  if (!isId<ConversationId>(id)) throw unnamed();
  const facts =
    user === undefined
      ? await conversationFacts(client, id)
      : await membershipFacts(client, id, user);
  return { ...facts, hasSibling: await hasSibling(client, actor, id) };
}

const unnamed = () => unknown("Name the resource with its id.");

/** A conversation that the actor begins without anybody else. */
const newConversation = ({ tenant, user }: Actor): ConversationFacts => ({
  tenant,
  createdBy: user,
  members: [user],
  state: "open",
  others: [],
});
