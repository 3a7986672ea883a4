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
      from: "members listed where listed.conversation = c.id and listed.until_seq is null and sealdesk.is_current(listed.break_glass)",
      everywhere: member,
    },
    brokenGlass: {
      sql: "access.requester",
      type: "uuid",
      from: `break_glass access where access.conversation = c.id and access.ended_at_ms is null
        and access.granted_until_ms > sealdesk.database_now_ms()`,
    },
  },
});
