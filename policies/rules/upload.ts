import { conversingRoles, roles } from "../roles.ts";
import type { PolicyRule } from "./rule.ts";

/**
 * "continue": ask how far an upload has come, and send further bytes. "terminate": take it back, after
 * which it is removed. "share": name it as a pack of a history grant.
 */
export type UploadAction = "continue" | "terminate" | "share";

const own = { device: "$actor.device" };

/** The conditions refer to the facts of `decideUpload`. */
export const uploadRules: readonly PolicyRule<"upload", UploadAction>[] = [
  {
    id: "upload.discard",
    resource: "upload",
    actions: ["terminate"],
    roles,
    // No other device has seen it.
    conditions: { ...own, state: "uploading" },
    means: "The actor's device began the upload, and it is not complete.",
    reason: "own_unfinished_upload",
  },
  {
    id: "upload.own",
    resource: "upload",
    actions: ["continue", "share"],
    roles: ["customer", ...conversingRoles],
    conditions: own,
    means: "The actor's device began the upload.",
    reason: "own_upload",
  },
  {
    id: "upload.take_back",
    resource: "upload",
    actions: ["terminate"],
    roles: ["customer", ...conversingRoles],
    conditions: {
      ...own,
      conversationState: "open",
      members: "$actor.user",
      // Whoever is refused is not told why: a hold may be confidential.
      isPreserved: false,
    },
    means:
      "The actor's device began the upload, and the actor is a member of its open conversation. No legal hold and no retention lock preserves the attachment.",
    reason: "own_upload",
  },
];
