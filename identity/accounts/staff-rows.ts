import type { ListedRows } from "../../policies/lists/allowed-rows.ts";

/** The accounts `u` of a statement, as rules about the list of staff speak of them. */
export const staffRows: ListedRows<"staff_list"> = {
  resource: "staff_list",
  action: "read",
  tenant: "u.tenant",
  facts: {
    user: { sql: "u.id", type: "uuid" },
    role: { sql: "u.role", type: "text" },
  },
};
