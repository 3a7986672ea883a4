import type { ActionSpecs } from "./action-spec.ts";

/** The audited acts on a tenant, of its operator and of programs with a key. */
export const tenantActions = {
  "tenant.create": {
    class: "C",
    resources: ["tenant"],
    details: { keys: "list", origins: "list", jwksUrl: "text" },
    description: "`sealdesk tenant create`",
  },
  "tenant.suspend": {
    class: "U",
    resources: ["tenant"],
    details: {},
    description: "`sealdesk tenant suspend`",
  },
  "tenant.resume": {
    class: "U",
    resources: ["tenant"],
    details: {},
    description: "`sealdesk tenant resume`",
  },
  "tenant.allow_staff_grants": {
    class: "U",
    resources: ["tenant"],
    details: {},
    description: "`sealdesk tenant staff-grants --set on`",
  },
  "tenant.forbid_staff_grants": {
    class: "U",
    resources: ["tenant"],
    details: {},
    description: "`sealdesk tenant staff-grants --set off`",
  },
  "tenant.allow_anonymous_customers": {
    class: "U",
    resources: ["tenant"],
    details: {},
    description: "`sealdesk tenant anonymous-customers --set on`",
  },
  "tenant.forbid_anonymous_customers": {
    class: "U",
    resources: ["tenant"],
    details: { sessions: "number" },
    description:
      "`sealdesk tenant anonymous-customers --set off`. `sessions` counts the anonymous sessions, which end.",
  },
  "tenant.set_second_factor": {
    class: "U",
    resources: ["tenant"],
    details: { role: "text", roles: "list", sessions: "number" },
    description:
      "`sealdesk tenant second-factor`: the roles whose accounts must have a second factor from now on. `role` is the one that was changed. `sessions` counts its sessions without one, which end.",
  },
  "tenant.require_consents": {
    class: "U",
    resources: ["tenant"],
    details: { purposes: "list" },
    description:
      "`sealdesk tenant require-consents`: the purposes for which the tenant demands a consent from now on.",
  },
  "tenant.set_idle_log_off": {
    class: "U",
    resources: ["tenant"],
    details: { minutes: "number" },
    description:
      "`sealdesk tenant idle-log-off`: `minutes` without an act of a person after which sessions of staff end. Without `minutes` they do not.",
  },
  "tenant.set_purpose_of_use": {
    class: "U",
    resources: ["tenant"],
    details: { reads: "list", codes: "list" },
    description:
      "`sealdesk tenant purpose-of-use`: the reads for which staff must state a purpose from now on, and the codes that count beside those of HL7.",
  },
  "tenant.set_accounting": {
    class: "U",
    resources: ["tenant"],
    details: { operations: "boolean" },
    description:
      "`sealdesk tenant accounting`: whether the accounting of disclosures lists treatment, payment and operations from now on.",
  },
  "tenant.set_message_revisions": {
    class: "U",
    resources: ["tenant"],
    details: { minutes: "number" },
    description:
      "`sealdesk tenant message-revisions`: `minutes` after a message in which its author may edit or delete it. Without `minutes` nobody may.",
  },
  "tenant.set_limit": {
    class: "U",
    resources: ["tenant"],
    details: { limit: "text", value: "text", limits: "record" },
    description:
      "`sealdesk tenant limits set`. Without `value`, the limit has its first value again. `limits` has every limit that differs from its first value now.",
  },
  "tenant.set_customer_keys": {
    class: "U",
    resources: ["tenant"],
    details: { keys: "list" },
    description: "`sealdesk tenant keys set`",
  },
  "tenant.add_customer_keys": {
    class: "U",
    resources: ["tenant"],
    details: { keys: "list" },
    description: "`sealdesk tenant keys add`",
  },
  "tenant.remove_customer_key": {
    class: "U",
    resources: ["tenant"],
    details: { keys: "list" },
    description: "`sealdesk tenant keys remove`",
  },
  "tenant.revoke_customer_key": {
    class: "U",
    resources: ["tenant"],
    details: { revoked: "list" },
    description: "`sealdesk tenant keys revoke`. `revoked` lists every key that is refused now.",
  },
  "tenant.unrevoke_customer_key": {
    class: "U",
    resources: ["tenant"],
    details: { revoked: "list" },
    description:
      "`sealdesk tenant keys unrevoke`. `revoked` lists the keys that are still refused.",
  },
  "tenant.set_customer_jwks_url": {
    class: "U",
    resources: ["tenant"],
    details: { jwksUrl: "text" },
    description:
      "`sealdesk tenant keys set-url`: the server fetches keys of customer tokens from this URL.",
  },
  "tenant.remove_customer_jwks_url": {
    class: "U",
    resources: ["tenant"],
    details: {},
    description: "`sealdesk tenant keys remove-url`",
  },
  "tenant.add_origin": {
    class: "U",
    resources: ["tenant"],
    details: { origins: "list" },
    description: "`sealdesk tenant origins add`",
  },
  "tenant.remove_origin": {
    class: "U",
    resources: ["tenant"],
    details: { origins: "list" },
    description: "`sealdesk tenant origins remove`",
  },
  "tenant.recount_storage": {
    class: "U",
    resources: ["tenant"],
    details: { corrections: "number" },
    description: "`sealdesk tenant recount-storage` corrects counts of what is stored.",
  },
  "tenant.add_monitor": {
    class: "U",
    resources: ["tenant"],
    details: { monitor: "text", expiresAtMs: "number", tokenDigest: "text" },
    description:
      "`sealdesk audit monitor add`: a program gets a token with which it reads the tenant's log. `tokenDigest` is the SHA-256 of the stored hash of the token.",
  },
  "tenant.read_settings": {
    class: "R",
    resources: ["tenant"],
    details: {},
    description:
      "A program with an API key reads the tenant's settings, or those of its identity providers.",
  },
  "tenant.add_api_key": {
    class: "U",
    resources: ["tenant"],
    details: { key: "text", name: "text", apiKeys: "list" },
    description:
      "`sealdesk api-key add`: a program of the tenant's backend gets an API key. `apiKeys` lists every key of the tenant afterwards, with its scopes, its end and the SHA-256 of its secret.",
  },
  "tenant.rotate_api_key": {
    class: "U",
    resources: ["tenant"],
    details: { key: "text", replaces: "text", name: "text", apiKeys: "list" },
    description: "`sealdesk api-key rotate`: a new key replaces another one after an overlap.",
  },
  "tenant.remove_api_key": {
    class: "U",
    resources: ["tenant"],
    details: { key: "text", apiKeys: "list" },
    description: "`sealdesk api-key remove`",
  },
  "api_key.authenticate": {
    class: "E",
    resources: ["tenant"],
    details: { key: "text" },
    description:
      "A request has an API key that is unknown, has ended, or belongs to another tenant. Only refusals are recorded. Repeated acts are summed.",
  },
  "tenant.remove_monitor": {
    class: "U",
    resources: ["tenant"],
    details: { monitor: "text" },
    description: "`sealdesk audit monitor remove`",
  },
  "tenant.add_identity_provider": {
    class: "U",
    resources: ["tenant"],
    details: {
      provider: "text",
      issuer: "text",
      clientId: "text",
      accounts: "text",
      scope: "text",
      groupsClaim: "text",
      subjectClaim: "text",
      redirectUris: "list",
      endpoints: "list",
      answersWithIssuer: "boolean",
      roles: "list",
      teams: "list",
    },
    description:
      "`sealdesk idp add` or a program with an API key: staff sign in with an identity provider. `roles` lists the groups and their roles, `teams` the groups and their teams, `endpoints` where the server sends people and requests. `answersWithIssuer` says whether each answer names the issuer (RFC 9207).",
  },
  "tenant.remove_identity_provider": {
    class: "U",
    resources: ["tenant"],
    details: { provider: "text", sessions: "number", memberships: "number" },
    description:
      "`sealdesk idp remove` or a program with an API key. `sessions` were ended. Its groups gave `memberships` of teams, which end.",
  },
  "tenant.map_teams": {
    class: "U",
    resources: ["tenant"],
    details: { provider: "text", teams: "list" },
    description:
      "`sealdesk idp teams` or a program with an API key maps groups of an identity provider to teams. `teams` lists them all. Each membership that begins or ends by it has an entry of its own.",
  },
  "tenant.test_identity_provider": {
    class: "E",
    resources: ["tenant"],
    details: { provider: "text" },
    description:
      "`sealdesk idp test` or a program with an API key compares the settings of an identity provider with the real one. For that, the server sends requests to it.",
  },
  "tenant.provider_logout": {
    class: "E",
    resources: ["tenant"],
    details: { provider: "text", sessions: "number" },
    description:
      "An identity provider sends a logout token. Each of the `sessions` that it ends has a `session.revoke`. Repeated refusals are summed.",
  },
} as const satisfies ActionSpecs;
