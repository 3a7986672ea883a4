import type { Resource } from "../rules/default-rules.ts";

/** The fields of the answers about each kind of resource that a rule may leave out. They are null then. */
export const optionalFields: { readonly [R in Resource]: readonly string[] } = {
  conversation: [],
  relay: [],
  upload: [],
  directory: [],
  link: [],
  audit_log: [],
  account_names: [],
  disclosures: [],
  staff_list: ["displayName"],
  alerts: [],
  approvals: [],
  second_person: [],
  break_glass: [],
  holds: [],
  cases: [],
  retention: [],
  requests: [],
  erasures: [],
  restrictions: [],
  administration: [],
  credentials: [],
  notices: [],
  consents: [],
  policy: [],
};
