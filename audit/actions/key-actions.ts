import type { ActionSpecs } from "./action-spec.ts";

const destruction = {
  whole: "boolean",
  conversation: "id",
  author: "id",
  beforePeriod: "number",
  scopes: "list",
} as const;

/** The audited acts on keys of the server and on keys that encrypt data at rest. */
export const keyActions = {
  "server_keys.create": {
    class: "C",
    resources: ["server_keys"],
    details: { imported: "boolean" },
    description:
      "The server creates its keys on its first start, in every tenant's log and the operator's.",
  },
  "server_keys.rewrap_begin": {
    class: "U",
    resources: ["server_keys"],
    details: {},
    description: "`sealdesk keys rewrap` begins, in every tenant's log and the operator's.",
  },
  "server_keys.rewrap": {
    class: "U",
    resources: ["server_keys"],
    details: {},
    description: "`sealdesk keys rewrap` is done, in every tenant's log and the operator's.",
  },
  "server_key.rotate": {
    class: "U",
    resources: ["server_key"],
    details: { atOnce: "boolean" },
    description: "`sealdesk keys rotate`, in every tenant's log and the operator's.",
  },
  "server_key.destroy": {
    class: "D",
    resources: ["server_key"],
    details: {},
    description:
      "A retired key of the server expires and is destroyed, in every tenant's log and the operator's.",
  },
  "audit_key.rotate_begin": {
    class: "U",
    resources: ["audit_key"],
    details: {},
    description: "`sealdesk audit key rotate` begins, in every tenant's log and the operator's.",
  },
  "audit_key.rotate": {
    class: "U",
    resources: ["audit_key"],
    details: { publicKey: "text" },
    description:
      "There is a key that will replace the audit key, in every tenant's log and the operator's. `publicKey` is its public half, base64url.",
  },
  "audit_key.retire_begin": {
    class: "D",
    resources: ["audit_key"],
    details: { publicKey: "text" },
    description: "`sealdesk audit key retire` begins, in every tenant's log and the operator's.",
  },
  "audit_key.retire": {
    class: "D",
    resources: ["audit_key"],
    details: { publicKey: "text" },
    description:
      "The former audit key is destroyed, in every tenant's log and the operator's. `publicKey` is its public half, base64url.",
  },
  "authority_key.create": {
    class: "C",
    resources: ["authority_key"],
    details: {},
    description: "The first key of the tenant's authority enters the key log.",
  },
  "authority_key.rotate": {
    class: "U",
    resources: ["authority_key"],
    details: {},
    description:
      "The tenant's authority hands over to another key, which enters the key log: `sealdesk authority rotate`.",
  },
  "keys.rotate_kek_begin": {
    class: "U",
    resources: ["kek"],
    details: {},
    description: "`sealdesk keys rotate-kek` begins.",
  },
  "keys.rotate_kek": {
    class: "U",
    resources: ["kek"],
    details: { version: "number" },
    description: "`sealdesk keys rotate-kek` is done.",
  },
  "keys.destroy_kek_versions_begin": {
    class: "D",
    resources: ["kek"],
    details: { beforeVersion: "number" },
    description: "Versions of a tenant's key-encryption key are about to be destroyed.",
  },
  "keys.destroy_kek_versions": {
    class: "D",
    resources: ["kek"],
    details: { beforeVersion: "number" },
    description: "Versions of a tenant's key-encryption key are destroyed.",
  },
  "keys.destroy_begin": {
    class: "D",
    resources: ["subject_keys"],
    details: destruction,
    description:
      "Keys of a subject or of scopes are about to be destroyed. Only with a separate keystore.",
  },
  "keys.destroy": {
    class: "D",
    resources: ["subject_keys"],
    details: { ...destruction, subjectKeys: "number", scopeKeys: "number" },
    description: "Keys of a subject or of scopes are destroyed.",
  },
} as const satisfies ActionSpecs;
