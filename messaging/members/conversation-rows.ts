import type { ListedRows } from "../../policies/lists/allowed-rows.ts";

/** The conversations `c` of a statement, as rules about reading speak of them. */
export const conversationRows: ListedRows<"conversation"> = {
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
    },
  },
};
