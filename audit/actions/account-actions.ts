import type { ActionSpecs } from "./action-spec.ts";

/** The audited acts on accounts, their sessions, their devices and their public keys. */
export const accountActions = {
  "session.create": {
    class: "C",
    resources: ["session", "tenant"],
    details: { network: "text", factor: "text", provider: "text", assurance: "number" },
    description:
      "Somebody signs in. `assurance` is the identity assurance level of a customer token. `factor` is the second factor: `totp`, `recovery_code` or `passkey`. `provider` is the identity provider. A refusal names the tenant as the resource, because there is no session. `network` is a pseudonym of the network, only in refusals. Refusals over a limit, and those without such a tenant, are counted: one entry has the sum of ten minutes. Those without such a tenant are in the operator's log.",
  },
  "session.anomaly": {
    class: "E",
    resources: ["session"],
    details: { signals: "list", signIns: "number", accounts: "number" },
    description:
      "Something is unusual about a sign-in, which nothing refuses: `new_device`, `sign_in_velocity` or `accounts_on_network`. `signIns` counts those of the account in an hour, `accounts` those of the network on the day. Repeated acts are summed.",
  },
  "session.authenticate": {
    class: "E",
    resources: ["session"],
    details: {},
    description:
      "A request has an access token of the session, and a proof of another key. The token is probably stolen. Only these refusals are recorded here. Repeated acts are summed.",
  },
  "session.renew": {
    class: "U",
    resources: ["session"],
    details: {},
    description: "A session gets a new access token. Repeated acts are summed.",
  },
  "session.step_up": {
    class: "U",
    resources: ["session"],
    details: { factor: "text" },
    description: "A user proves the second factor again, for an act that is hard to undo.",
  },
  "session.revoke": {
    class: "D",
    resources: ["session"],
    details: { provider: "text" },
    description:
      "A user signs out, or ends another session of their own account. With `provider`, an identity provider ends the session, by back-channel logout or because the person has lost their groups.",
  },
  "session.log_off": {
    class: "D",
    resources: ["session"],
    details: {},
    description: "No person did anything in a session for too long, so the server ends it.",
  },
  "user.create": {
    class: "C",
    resources: ["user"],
    details: {
      role: "text",
      provider: "text",
      anonymous: "boolean",
      passwordDigest: "text",
      identityDigest: "text",
    },
    description:
      "`sealdesk user create` or a program with an API key makes a staff account. The first sign-in of a customer, or of a person of an identity provider, makes theirs, before `session.create`. `anonymous` says that the customer has no customer token. `passwordDigest` is the SHA-256 of the stored password hash, which is salted. `identityDigest` is the SHA-256 of the stored `identity_index`, which is a MAC. So the log tells nothing about a password or a person, and a value that SQL replaced is found.",
  },
  "user.identify": {
    class: "U",
    resources: ["user"],
    details: { sessions: "number" },
    description:
      "The device of an anonymous customer presents a customer token. The account becomes that of the customer whom the token names. `sessions` counts its anonymous sessions, which end.",
  },
  "user.expire_anonymous": {
    class: "D",
    resources: ["tenant"],
    details: { accounts: "number" },
    description:
      "Anonymous accounts that never began a conversation are removed after a day. Each device that they had also has a removal in the key log.",
  },
  "user.set_role": {
    class: "U",
    resources: ["user"],
    details: { role: "text", before: "text", provider: "text" },
    description:
      "`sealdesk user set-role` or a program with an API key gives a staff account another role. With `provider`, the person's groups at an identity provider do so at a sign-in.",
  },
  "user.disable": {
    class: "U",
    resources: ["user"],
    details: { devices: "number", provider: "text" },
    description:
      "`sealdesk user disable` or a program with an API key closes an account of staff: its sessions and devices end, and nobody signs in to it. With `provider`, an identity provider does so over SCIM. `devices` were removed.",
  },
  "user.enable": {
    class: "U",
    resources: ["user"],
    details: { provider: "text" },
    description:
      "`sealdesk user enable` or a program with an API key opens a disabled account again, without devices. With `provider`, an identity provider does so over SCIM.",
  },
  "user.rename": {
    class: "U",
    resources: ["user"],
    details: { provider: "text" },
    description: "At a sign-in or over SCIM, an identity provider has another name for the person.",
  },
  "user.link_identity": {
    class: "U",
    resources: ["user"],
    details: { provider: "text", sessions: "number", identityDigest: "text" },
    description:
      "`sealdesk idp link` or a program with an API key lets a person of an identity provider sign in to an account. `sessions` that a provider opened were ended. Over SCIM, a provider does so for an account that nobody signs in to yet.",
  },
  "user.change_password": {
    class: "U",
    resources: ["user"],
    details: { sessions: "number", passwordDigest: "text" },
    description:
      "A member of staff replaces their own password. `sessions` counts their other sessions, which end.",
  },
  "user.set_password": {
    class: "U",
    resources: ["user"],
    details: { sessions: "number", passwordDigest: "text" },
    description: "`sealdesk user set-password` gives a staff account another password.",
  },
  "user.enrol_factor": {
    class: "C",
    resources: ["user"],
    details: {},
    description: "A member of staff begins to enrol an authenticator app. It does not count yet.",
  },
  "user.confirm_factor": {
    class: "U",
    resources: ["user"],
    details: { sessions: "number", secretDigest: "text", codeDigests: "ids" },
    description:
      "A member of staff confirms the authenticator app with a code. `sessions` counts their other sessions, which end. The digests are the SHA-256 of what is stored: the sealed secret, and the hash of each recovery code.",
  },
  "user.remove_factor": {
    class: "D",
    resources: ["user"],
    details: { sessions: "number" },
    description:
      "A member of staff removes their own second factor. `sessions` counts their other sessions, which end if the role needs a second factor.",
  },
  "user.reset_factor": {
    class: "D",
    resources: ["user"],
    details: { sessions: "number", approval: "id", requester: "id" },
    description:
      "An administrator, `sealdesk user reset-second-factor` or a program with an API key removes the second factor of an account, which ends its sessions. `requester` asked for it with the request `approval`.",
  },
  "user.add_passkey": {
    class: "C",
    resources: ["user"],
    details: { passkey: "id", passkeyDigest: "text", sessions: "number" },
    description:
      "A member of staff adds a passkey. `sessions` counts their other sessions, which end if it is their first second factor.",
  },
  "user.rename_passkey": {
    class: "U",
    resources: ["user"],
    details: { passkey: "id" },
    description: "A member of staff gives a passkey another name.",
  },
  "user.remove_passkey": {
    class: "D",
    resources: ["user"],
    details: { passkey: "id", sessions: "number" },
    description:
      "A member of staff, `sealdesk user passkeys remove` or a program with an API key removes a passkey. `sessions` counts the others of the account, which end.",
  },
  "user.list_passkeys": {
    class: "R",
    resources: ["user"],
    details: {},
    description: "`sealdesk user passkeys list`",
  },
  "user.lock_factor": {
    class: "U",
    resources: ["user"],
    details: { wrongCodes: "number" },
    description:
      "An authenticator app is locked, because this many codes in succession were wrong after the right password. Ask the person: somebody else may know it. A recovery code unlocks the app.",
  },
  "user.create_password_reset": {
    class: "C",
    resources: ["user"],
    details: { expiresAtMs: "number", tokenDigest: "text", approval: "id", requester: "id" },
    description:
      "An administrator, `sealdesk user reset-password` or a program with an API key makes a link with which a person chooses a new password. `tokenDigest` is the SHA-256 of what is stored of the link, which is a hash.",
  },
  "user.reset_password": {
    class: "U",
    resources: ["user", "tenant"],
    details: { sessions: "number", network: "text", passwordDigest: "text" },
    description:
      "Somebody chooses a new password with such a link, which ends the sessions of the account. A refusal names the tenant as the resource. `network` is a pseudonym of the network, only in refusals.",
  },
  "account.reset": {
    class: "D",
    resources: ["user"],
    details: {
      reason: "text",
      devices: "number",
      passkeys: "number",
      approval: "id",
      requester: "id",
    },
    description:
      "An administrator, `sealdesk user reset` or a program with an API key resets an account that lost its devices. `passkeys` counts its passkeys, which are removed.",
  },
  "staff.list": {
    class: "R",
    resources: ["tenant"],
    details: {},
    description: "A user reads the list of the staff.",
  },
  "team.add_member": {
    class: "U",
    resources: ["user"],
    details: { team: "text", provider: "text" },
    description:
      "`sealdesk team add` or a program with an API key puts an account of staff into a team. With `provider`, a group of an identity provider does so.",
  },
  "team.remove_member": {
    class: "U",
    resources: ["user"],
    details: { team: "text", provider: "text" },
    description:
      "An account of staff leaves a team: by `sealdesk team remove` or a program with an API key, because it left the group of the identity provider `provider`, or because it is disabled.",
  },
  "team.list": {
    class: "R",
    resources: ["tenant"],
    details: {},
    description: "A program with an API key reads who is in which team.",
  },
  "staff.certify": {
    class: "C",
    resources: ["user"],
    details: { role: "text", teams: "list", untilMs: "number" },
    description:
      "The tenant's authority certifies that an account is staff: its first device is registered, or its role, its teams or its account key have changed.",
  },
  "staff.renew_certificates": {
    class: "U",
    resources: ["tenant"],
    details: { certificates: "number" },
    description:
      "The tenant's authority renews the daily certificates of staff. One entry counts those of one transaction.",
  },
  "device.register": {
    class: "C",
    resources: ["device"],
    details: {},
    description: "A device is registered.",
  },
  "device.revoke": {
    class: "D",
    resources: ["device"],
    details: { approval: "id", requester: "id", sessions: "ids" },
    description: "A device is removed from its account. `sessions` lists those that end with it.",
  },
  "device.renew_list": {
    class: "U",
    resources: ["user"],
    details: {},
    description: "A device renews its account's signed list of devices. Repeated acts are summed.",
  },
  "device.list": {
    class: "R",
    resources: ["user"],
    details: {},
    description: "A user reads another user's devices. Of one's own, only refusals are recorded.",
  },
  "keys.read_history": {
    class: "R",
    resources: ["user"],
    details: {},
    description:
      "A user reads what the key log says about another user. Of one's own, only refusals are recorded.",
  },
  "prekeys.publish": {
    class: "U",
    resources: ["device"],
    details: { preKeys: "number", kyberPreKeys: "number", replace: "boolean" },
    description: "A device publishes its prekeys. Repeated acts are summed.",
  },
  "prekeys.take": {
    class: "U",
    resources: ["device"],
    details: { preKey: "boolean", kyberPreKey: "boolean" },
    description: "A user takes a prekey bundle of a device.",
  },
} as const satisfies ActionSpecs;

/** The audited acts on requests to link a new device to its account. */
export const linkActions = {
  "link.request": {
    class: "C",
    resources: ["link_request"],
    details: { device: "id", displaced: "ids" },
    description: "A new device asks to be linked. `displaced` lists older requests that made room.",
  },
  "link.read": {
    class: "R",
    resources: ["link_request"],
    details: {},
    description: "Somebody reads a link request. Only refusals are recorded.",
  },
  "link.approve": {
    class: "U",
    resources: ["link_request"],
    details: { device: "id" },
    description: "A device approves a link request.",
  },
  "link.refuse": {
    class: "U",
    resources: ["link_request"],
    details: { device: "id" },
    description: "A device refuses a link request.",
  },
  "link.withdraw": {
    class: "D",
    resources: ["link_request"],
    details: { device: "id", state: "text" },
    description: "The asking device deletes its link request.",
  },
  "link.expire": {
    class: "D",
    resources: ["link_request"],
    details: { device: "id", state: "text" },
    description: "A link request expires.",
  },
} as const satisfies ActionSpecs;
