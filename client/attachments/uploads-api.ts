import * as z from "zod/mini";
import { uploadMetadata, uploadOffset } from "../../contract/attachments.ts";
import type { ConversationId, AttachmentId } from "../../crypto/wire/ids.ts";
import { SealdeskError } from "../errors.ts";
import type { BytesRequest } from "../http/bytes-exchange.ts";
import type { HttpResponse } from "../runtime.ts";

const tus = { "tus-resumable": "1.0.0" } as const;
const pathOf = (id: AttachmentId): string => `v1/attachments/${id}`;

/**
 * Creates the part of the server's attachment API that this SDK uses: tus 1.0 with creation and
 * termination, and downloads from an offset. Every function throws SealdeskError.
 */
export function createUploadsApi(request: (request: BytesRequest) => Promise<HttpResponse>) {
  return {
    /** Returns how many bytes the server has, or undefined if this device has no such upload. */
    async offset(id: AttachmentId): Promise<number | undefined> {
      try {
        return offsetOf(await request({ method: "HEAD", path: pathOf(id), headers: tus }));
      } catch (error) {
        // The answer to HEAD has no body, so the status says everything.
        if (error instanceof SealdeskError && error.status === 404) return undefined;
        throw error;
      }
    },

    async create(id: AttachmentId, conversation: ConversationId, size: number): Promise<void> {
      const headers = {
        ...tus,
        "upload-length": String(size),
        "upload-metadata": z.encode(uploadMetadata, { conversation, id }),
      };
      await request({ method: "POST", path: "v1/attachments", headers });
    },

    /** @returns how many bytes the server has now */
    async append(id: AttachmentId, offset: number, body: Uint8Array<ArrayBuffer>): Promise<number> {
      const headers = {
        ...tus,
        "upload-offset": String(offset),
        "content-type": "application/offset+octet-stream",
      };
      return offsetOf(await request({ method: "PATCH", path: pathOf(id), headers, body }));
    },

    async remove(id: AttachmentId): Promise<void> {
      await request({ method: "DELETE", path: pathOf(id), headers: tus });
    },

    /** Downloads the bytes from `offset` on. */
    read: (id: AttachmentId, offset: number): Promise<HttpResponse> =>
      request({
        method: "GET",
        path: pathOf(id),
        headers: offset === 0 ? {} : { range: `bytes=${offset}-` },
      }),
  };
}

export type UploadsApi = ReturnType<typeof createUploadsApi>;

function offsetOf(response: HttpResponse): number {
  const offset = z.safeParse(uploadOffset, response.headers.get("upload-offset"));
  if (offset.success) return offset.data;
  throw new SealdeskError("invalid_response", "The server's answer has no Upload-Offset.");
}
