import type { ActionSpecs } from "./action-spec.ts";

/** The audited acts on the copies that people take of their data. */
export const exportActions = {
  "export.begin": {
    class: "C",
    resources: ["case"],
    details: { request: "id" },
    description:
      "A person's device begins the copy that answers their accepted request. An earlier one of the same request that is not over ends.",
  },
  "export.pack": {
    class: "C",
    resources: ["case"],
    details: { pages: "number", events: "number" },
    description: "The server has packed a copy: the person's device can take it.",
  },
  "export.show": {
    class: "R",
    resources: ["case"],
    details: {},
    description: "A person's device looks how far their copy is.",
  },
  "export.read": {
    class: "R",
    resources: ["case"],
    details: {},
    description: "A person's device takes events of their copy. Many such acts become one entry.",
  },
  "export.read_record": {
    class: "R",
    resources: ["case"],
    details: { digest: "text" },
    description:
      "A person's device takes what the server knows about the person. `digest` is its SHA-256, base64.",
  },
  "export.complete": {
    class: "C",
    resources: ["case"],
    details: { digest: "text", events: "number", parts: "number" },
    description:
      "A person's device has written the copy, and the server signs its manifest. `digest` is the SHA-256 of the manifest's file, base64. The request is answered.",
  },
} as const satisfies ActionSpecs;
