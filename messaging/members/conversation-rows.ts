import type { UserId } from "../../crypto/wire/ids.ts";
import type { ListedRows } from "../../policies/lists/allowed-rows.ts";

/** The conversations `c` of a statement that reads those of one member, as rules about reading speak of them. */
export const conversationsOfMember = (member: UserId): ListedRows<"conversation"> => ({
  resource: "conversation",
  action: "read",
  tenant: "c.tenant",
  facts: {
    state: { sql: "c.state", type: "text" },
    createdBy: { sql: "c.created_by", type: "uuid" },
    members: {
      sql: "listed.user_id",
      type: "uuid",
      from: "members listed where listed.conversation = c.id and listed.until_seq is null",
      everywhere: member,
    },
  },
});
