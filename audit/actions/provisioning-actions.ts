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
    details: { provider: "text", active: "boolean", externalIdDigest: "text" },
    description:
      "An identity provider writes a new person. `externalIdDigest` is the SHA-256 of the stored `identity_index`, which is a MAC of the `externalId`. A refusal names the tenant as the resource.",
  },
  "provisioning.change_person": {
    class: "U",
    resources: ["user", "tenant"],
    details: { provider: "text", changed: "list", active: "boolean", externalIdDigest: "text" },
    description:
      "An identity provider changes a person, or says whether they are active. `changed` has the names of the attributes that have another value. `active` and `externalIdDigest` are what is stored from then on.",
  },
  "provisioning.remove_person": {
    class: "D",
    resources: ["user", "tenant"],
    details: { provider: "text" },
    description:
      "An identity provider removes a person, who leaves all groups and whose account is disabled.",
  },
  "provisioning.give_role": {
    class: "U",
    resources: ["user"],
    details: { provider: "text", role: "text" },
    description:
      "A group of an identity provider gives a person a role for the first time. From then on, whoever loses the last such group loses the account.",
  },
  "provisioning.create_group": {
    class: "C",
    resources: ["group", "tenant"],
    details: { provider: "text", added: "number", nameDigest: "text", role: "text" },
    description:
      "An identity provider writes a new group. `added` counts its members. `role` is the role that the operator mapped to the group's name, if any. `nameDigest` is the SHA-256 of the group's id, a line feed and its name. A refusal names the tenant as the resource.",
  },
  "provisioning.change_group": {
    class: "U",
    resources: ["group", "tenant"],
    details: {
      provider: "text",
      added: "number",
      removed: "number",
      nameDigest: "text",
      role: "text",
    },
    description:
      "An identity provider changes a group or its members. `role` and `nameDigest` are those of the group's name from then on.",
  },
  "provisioning.add_member": {
    class: "U",
    resources: ["group"],
    details: { provider: "text" },
    description: "An identity provider adds a person to a group: one entry for each.",
  },
  "provisioning.remove_member": {
    class: "U",
    resources: ["group"],
    details: { provider: "text" },
    description: "An identity provider takes a person out of a group: one entry for each.",
  },
  "provisioning.remove_group": {
    class: "D",
    resources: ["group", "tenant"],
    details: { provider: "text", removed: "number" },
    description: "An identity provider removes a group. `removed` counts its members.",
  },
} as const satisfies ActionSpecs;
