import type { Uuid } from "../../../crypto/wire/uuid.ts";
import { assertMayTerminate } from "../../../messaging/attachments/terminate-upload.ts";
import { createUpload, readUpload } from "../../../messaging/attachments/uploads.ts";
import { HttpError } from "../http-error.ts";
import type { ProblemCode } from "../problems.ts";
import { streamRoute, type StreamRoute } from "../route.ts";
import { UPLOADS_PATH, type ServeTus, type TusDeps } from "../tus-uploads.ts";
import {
  attachmentParams,
  creationHeaders,
  patchHeaders,
  tusHeaders,
  uploadMetadata,
} from "./attachment-schemas.ts";

interface UploadDeps extends TusDeps {
  readonly serve: ServeTus;
  readonly newId: () => Uuid;
}

const ofUpload: readonly ProblemCode[] = [
  "attachment_not_found",
  "upload_expired",
  "key_destroyed",
];
const upload = `${UPLOADS_PATH}/{id}`;

/** POST /v1/attachments: tus creation. */
export function createUploadRoute({ uploads, serve, newId }: UploadDeps): StreamRoute {
  return streamRoute(
    {
      method: "post",
      path: UPLOADS_PATH,
      summary: "Begin to upload an attachment of a conversation (tus 1.0, creation)",
      tag: "Attachments",
      access: "session",
      audits: ["attachment.create"],
      headers: creationHeaders,
      answers: { 201: { description: "`Location` is the upload, `Upload-Expires` its time" } },
      problems: [
        "device_required",
        "conversation_not_found",
        "forbidden",
        "attachment_exists",
        "attachment_too_large",
        "quota_exceeded",
        "key_destroyed",
      ],
    },
    async ({ who, headers }, request, response) => {
      const { conversation, id = newId() } = uploadMetadata(headers["upload-metadata"]);
      const size = headers["upload-length"];
      if (size === 0) throw new HttpError("invalid_request", "An attachment is not empty.");
      await createUpload(uploads, who.actor, { id, conversation, size });
      await serve(who.actor, id, request, response);
    },
  );
}

/** HEAD /v1/attachments/{id}: how many bytes of an upload have arrived. */
export function readUploadRoute({ uploads, serve }: UploadDeps): StreamRoute {
  return streamRoute(
    {
      method: "head",
      path: upload,
      summary: "See how far an upload of this device has come (tus 1.0)",
      tag: "Attachments",
      access: "session",
      audits: { nothing: "it tells of one's own upload" },
      params: attachmentParams,
      headers: tusHeaders,
      answers: { 200: { description: "`Upload-Offset` is where to go on" } },
      problems: [...ofUpload, "attachment_damaged"],
    },
    async ({ who, params }, request, response) => {
      await readUpload(uploads, who.actor, params.id);
      await serve(who.actor, params.id, request, response);
    },
  );
}

/** PATCH /v1/attachments/{id}: more bytes. */
export function continueUploadRoute({ uploads, serve }: UploadDeps): StreamRoute {
  return streamRoute(
    {
      method: "patch",
      path: upload,
      summary: "Send further bytes of an upload; the last of them complete it (tus 1.0)",
      tag: "Attachments",
      access: "session",
      audits: ["attachment.complete"],
      isUnlimited: true,
      params: attachmentParams,
      headers: patchHeaders,
      stream: "application/offset+octet-stream",
      answers: {
        204: { description: "`Upload-Offset` is where to go on" },
        409: { description: "The bytes do not belong there: ask for the offset with HEAD" },
      },
      problems: [...ofUpload, "forbidden", "quota_exceeded", "contended", "attachment_damaged"],
    },
    async ({ who, params }, request, response) => {
      await readUpload(uploads, who.actor, params.id);
      await serve(who.actor, params.id, request, response);
    },
  );
}

/** DELETE /v1/attachments/{id}: tus termination. */
export function terminateUploadRoute({ uploads, serve }: UploadDeps): StreamRoute {
  return streamRoute(
    {
      method: "delete",
      path: upload,
      summary: "Take an upload of this device back, complete or not (tus 1.0, termination)",
      tag: "Attachments",
      access: "session",
      audits: ["attachment.terminate", "attachment.remove"],
      params: attachmentParams,
      headers: tusHeaders,
      answers: { 204: { description: "It is gone" } },
      problems: ["attachment_not_found", "forbidden"],
    },
    async ({ who, params }, request, response) => {
      await assertMayTerminate(uploads, who.actor, params.id);
      await serve(who.actor, params.id, request, response);
    },
  );
}
