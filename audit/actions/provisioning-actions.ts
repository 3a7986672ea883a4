import type { ActionSpecs } from "./action-spec.ts";

/**
 * The audited acts of identity providers over SCIM. What follows for accounts has entries of its own, such as
 * "user.create" and "user.disable".
 */
export const provisioningActions = {
  "provisioning.read": {
    class: "R",
    resources: ["tenant"],
    details: { provider: "text", people: "number", groups: "number" },
    description:
      "An identity provider reads people or groups that it has written. The details count those of the answer.",
  },
  "provisioning.create_person": {
    class: "C",
    resources: ["user", "tenant"],
    details: { provider: "text" },
    description:
      "An identity provider writes a new person. A refusal names the tenant as the resource.",
  },
  "provisioning.change_person": {
    class: "U",
    resources: ["user", "tenant"],
    details: { provider: "text", changed: "list" },
    description:
      "An identity provider changes a person, or says whether they are active. `changed` has the names of the attributes that have another value.",
  },
  "provisioning.remove_person": {
    class: "D",
    resources: ["user", "tenant"],
    details: { provider: "text" },
    description: "An identity provider removes a person, whose account is disabled.",
  },
  "provisioning.create_group": {
    class: "C",
    resources: ["group", "tenant"],
    details: { provider: "text", added: "number" },
    description:
      "An identity provider writes a new group. `added` counts its members. A refusal names the tenant as the resource.",
  },
  "provisioning.change_group": {
    class: "U",
    resources: ["group", "tenant"],
    details: { provider: "text", added: "number", removed: "number" },
    description: "An identity provider changes a group or its members.",
  },
  "provisioning.remove_group": {
    class: "D",
    resources: ["group", "tenant"],
    details: { provider: "text", removed: "number" },
    description: "An identity provider removes a group. `removed` counts its members.",
  },
} as const satisfies ActionSpecs;
