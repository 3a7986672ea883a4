import { position } from "./conversation-actions.ts";
import type { ActionSpecs } from "./action-spec.ts";

const record = { consent: "id", purpose: "text", record: "text", ...position } as const;

/** The audited acts on consents. */
export const consentActions = {
  "consent.given": {
    class: "U",
    resources: ["conversation", "user"],
    details: record,
    description:
      "A customer consents to a purpose, in a conversation or for the account. `record` is the SHA-256 of what the device signed.",
  },
  "consent.withdrawn": {
    class: "U",
    resources: ["conversation", "user"],
    details: record,
    description: "A customer withdraws such a consent.",
  },
  "consent.list": {
    class: "R",
    resources: ["user"],
    details: { found: "number" },
    description: "Somebody reads consent records. Repeated acts are summed.",
  },
  "consent.receipt": {
    class: "R",
    resources: ["consent"],
    details: {},
    description: "Somebody fetches the receipt of a consent record. Repeated acts are summed.",
  },
} as const satisfies ActionSpecs;
