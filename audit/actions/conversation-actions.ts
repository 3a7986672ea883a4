import type { ActionSpecs } from "./action-spec.ts";

/** The place of an event in the log of a conversation. */
export const position = { seq: "number", transcriptHash: "text" } as const;
const change = { ...position, epoch: "number" } as const;
const upload = { attachment: "id", size: "number" } as const;

/** The audited acts on conversations, their members and their history. */
export const conversationActions = {
  "conversation.create": {
    class: "C",
    resources: ["conversation"],
    details: { suite: "text", members: "ids", archivers: "ids" },
    description:
      "A user starts a conversation. `archivers` are those members that keep records, if there are any.",
  },
  "conversation.list": {
    class: "R",
    resources: ["user"],
    details: { count: "number", conversations: "ids" },
    description: "Staff read a page of the list of their conversations.",
  },
  "conversation.read": {
    class: "R",
    resources: ["conversation"],
    details: {},
    description:
      "Staff read a conversation's state and members. Of a customer, only refusals are recorded.",
  },
  "conversation.add_member": {
    class: "U",
    resources: ["conversation"],
    details: { ...change, role: "text", breakGlass: "id" },
    description:
      "A user with this `role` becomes a member. `breakGlass` is the access in an emergency with which they join.",
  },
  "conversation.remove_member": {
    class: "U",
    resources: ["conversation"],
    details: change,
    description: "A membership ends.",
  },
  "conversation.close": {
    class: "U",
    resources: ["conversation"],
    details: change,
    description: "A conversation is closed to further messages.",
  },
  "conversation.device_added": {
    class: "U",
    resources: ["conversation"],
    details: { device: "id", seq: "number", epoch: "number" },
    description: "A member registered a device: one entry in each of the member's conversations.",
  },
  "conversation.device_removed": {
    class: "U",
    resources: ["conversation"],
    details: { device: "id", seq: "number", epoch: "number" },
    description: "A member's device was removed: one entry in each of the member's conversations.",
  },
  "history.grant": {
    class: "U",
    resources: ["conversation"],
    details: {
      grant: "id",
      fromSeq: "number",
      toSeq: "number",
      consent: "id",
      purpose: "text",
      ...position,
    },
    description: "A member shows earlier messages to another member.",
  },
  "history.read_links": {
    class: "R",
    resources: ["conversation"],
    details: { grant: "id" },
    description: "A device reads the hashes of a granted range.",
  },
  "relay.connect": {
    class: "R",
    resources: ["device"],
    details: {},
    description:
      "A device of staff connects: from now on it receives others' messages. Repeated acts are summed.",
  },
  "transcript.record": {
    class: "C",
    resources: ["tenant"],
    details: { heads: "list" },
    description:
      "Conversations have grown. `heads` has of each the id, its last event and its transcript hash.",
  },
} as const satisfies ActionSpecs;

/** The audited acts on attachments. The resource is the conversation that has the attachment. */
export const attachmentActions = {
  "attachment.create": {
    class: "C",
    resources: ["conversation"],
    details: upload,
    description: "A device begins an upload.",
  },
  "attachment.complete": {
    class: "U",
    resources: ["conversation"],
    details: upload,
    description: "An upload is complete.",
  },
  "attachment.terminate": {
    class: "U",
    resources: ["conversation"],
    details: upload,
    description: "A device takes an upload back.",
  },
  "attachment.remove": {
    class: "D",
    resources: ["conversation"],
    details: { attachment: "id" },
    description:
      "The bytes are removed: nothing needs them, or the upload was not completed in time.",
  },
  "attachment.read": {
    class: "R",
    resources: ["conversation"],
    details: { attachment: "id" },
    description: "Staff download an attachment. Of a customer, only refusals are recorded.",
  },
  "attachment.damaged": {
    class: "R",
    resources: ["conversation"],
    details: { attachment: "id" },
    description: "A stored attachment is found altered, the first time.",
  },
} as const satisfies ActionSpecs;
