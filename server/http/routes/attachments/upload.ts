import type { IncomingMessage, ServerResponse } from "node:http";
import { creationHeaders, patchHeaders, tusHeaders } from "../../../../contract/attachments.ts";
import type { ProblemCode } from "../../../../contract/problems.ts";
import { attachmentParams } from "../../../../contract/values.ts";
import type { NewId } from "../../../../crypto/wire/ids.ts";
import type { AttachmentDeps } from "../../../../messaging/attachments/attachment-deps.ts";
import {
  assertMayTerminate,
  terminateUpload,
} from "../../../../messaging/attachments/terminate-upload.ts";
import {
  assertOwnUpload,
  completeUpload,
  createUpload,
  readUpload,
  receiveUpload,
  type UploadState,
} from "../../../../messaging/attachments/uploads.ts";
import { HttpError } from "../../http-error.ts";
import { streamRoute, type StreamRoute } from "../../route.ts";
import type { UploadTurns } from "./upload-turns.ts";
import { bodyLimits } from "../../../limits.ts";

interface UploadDeps {
  readonly uploads: AttachmentDeps;
  readonly turns: UploadTurns;
  readonly publicUrl: string;
  readonly newId: NewId;
}

const TUS_VERSION = "1.0.0";
const PATCH_TYPE = "application/offset+octet-stream";
const path = "/v1/attachments";
const upload = `${path}/{id}`;

const ofTus: readonly ProblemCode[] = ["unsupported_tus_version"];
const ofUpload: readonly ProblemCode[] = [
  ...ofTus,
  "attachment_not_found",
  "upload_expired",
  "key_destroyed",
];

/** POST /v1/attachments: tus creation. */
export function createUploadRoute({ uploads, publicUrl, newId }: UploadDeps): StreamRoute {
  return streamRoute(
    {
      method: "post",
      path,
      summary: "Begin to upload an attachment of a conversation (tus 1.0, creation)",
      tag: "Attachments",
      access: "session",
      audits: ["attachment.create"],
      headers: creationHeaders,
      answers: { 201: { description: "`Location` is the upload, `Upload-Expires` its time" } },
      problems: [
        ...ofTus,
        "device_required",
        "conversation_not_found",
        "forbidden",
        "processing_restricted",
        "attachment_exists",
        "attachment_too_large",
        "quota_exceeded",
        "key_destroyed",
      ],
    },
    async ({ who, headers }, _request, response) => {
      beginTus(headers, response);
      const { conversation, id = newId() } = headers["upload-metadata"];
      const size = headers["upload-length"];
      await createUpload(uploads, who.actor, { id, conversation, size });
      const state = await readUpload(uploads, who.actor, id);
      response.setHeader("Location", `${publicUrl}${path}/${id}`);
      response.writeHead(201, expiryOf(state)).end();
    },
  );
}

/** HEAD /v1/attachments/{id}: how many bytes of an upload have arrived. */
export function readUploadRoute({ uploads, turns }: UploadDeps): StreamRoute {
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
    async ({ who, params: { id }, headers }, _request, response) => {
      beginTus(headers, response);
      await assertOwnUpload(uploads, who.actor, id);
      const { size, offset } = await turns.take(id, () => readUpload(uploads, who.actor, id));
      response.writeHead(200, { "Upload-Offset": offset, "Upload-Length": size }).end();
    },
  );
}

/** PATCH /v1/attachments/{id}: more bytes. */
export function continueUploadRoute({ uploads, turns }: UploadDeps): StreamRoute {
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
      stream: PATCH_TYPE,
      bodyLimit: bodyLimits.upload,
      answers: { 204: { description: "`Upload-Offset` is where to go on" } },
      problems: [
        ...ofUpload,
        "wrong_offset",
        "forbidden",
        "processing_restricted",
        "quota_exceeded",
        "contended",
        "attachment_damaged",
      ],
    },
    async ({ who, params: { id }, headers }, request, response, body) => {
      beginTus(headers, response);
      assertBytes(request);
      const { actor } = who;
      await assertOwnUpload(uploads, actor, id);
      const state = await turns.take(id, async (stop) => {
        const before = await readUpload(uploads, actor, id);
        const { offset, size } = before;
        if (headers["upload-offset"] !== offset) throw wrongOffset();
        const { bytes, withinMs } = bodyLimits.upload;
        const limit = { bytes: Math.min(size - offset, bytes), withinMs };
        const use = { bytes: uploads.store.bytesPerPut, stop };
        const sender = { kind: "account", tenant: actor.tenant, user: actor.user } as const;
        const data = body.pieces(limit, sender, use);
        try {
          // The last request of the upload is repeated, with nothing more.
          if (offset === size) {
            await data.next();
            return before;
          }
          const reached = await receiveUpload(uploads, actor, id, offset, data);
          if (reached === size) await completeUpload(uploads, actor, id);
          // An upload that has a byte is kept for longer.
          const keptUntilMs = before.createdAtMs + uploads.uploadLifetimeMs;
          const expiresAtMs = reached > offset ? keptUntilMs : before.expiresAtMs;
          return { ...before, offset: reached, expiresAtMs };
        } finally {
          // A reader that takes all announced bytes does not read on to the end. Free the memory here.
          await data.return(undefined);
        }
      });
      response.setHeader("Upload-Offset", state.offset);
      response.writeHead(204, expiryOf(state)).end();
    },
  );
}

/** DELETE /v1/attachments/{id}: tus termination. */
export function terminateUploadRoute({ uploads, turns }: UploadDeps): StreamRoute {
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
      problems: [...ofTus, "attachment_not_found", "forbidden", "processing_restricted"],
    },
    async ({ who, params: { id }, headers }, _request, response) => {
      beginTus(headers, response);
      await assertMayTerminate(uploads, who.actor, id);
      await turns.take(id, () => terminateUpload(uploads, who.actor, id));
      response.writeHead(204).end();
    },
  );
}

/** @throws HttpError unsupported_tus_version */
function beginTus(
  { "tus-resumable": version }: { readonly "tus-resumable": string },
  response: ServerResponse,
): void {
  response.setHeader("Tus-Resumable", TUS_VERSION);
  if (version === TUS_VERSION) return;
  response.setHeader("Tus-Version", TUS_VERSION);
  throw new HttpError("unsupported_tus_version", `Send Tus-Resumable: ${TUS_VERSION}.`);
}

function assertBytes({ headers }: IncomingMessage): void {
  if (headers["content-type"] !== PATCH_TYPE)
    throw new HttpError("unsupported_media_type", `Send the bytes as ${PATCH_TYPE}.`);
}

const wrongOffset = (): HttpError =>
  new HttpError("wrong_offset", "The bytes do not continue the upload. Ask for its offset.");

/** When an upload that is not complete is removed. */
const expiryOf = ({ offset, size, expiresAtMs }: UploadState): Record<string, string> =>
  offset === size ? {} : { "Upload-Expires": new Date(expiresAtMs).toUTCString() };
