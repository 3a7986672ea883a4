import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { downloadHeaders } from "../../../../contract/attachments.ts";
import { attachmentParams } from "../../../../contract/values.ts";
import type { AttachmentDeps } from "../../../../messaging/attachments/attachment-deps.ts";
import { openDownload } from "../../../../messaging/attachments/download.ts";
import { byteRange } from "../../byte-range.ts";
import { streamRoute, type StreamRoute } from "../../route.ts";

/** GET /v1/attachments/{id} */
export function downloadAttachmentRoute(deps: AttachmentDeps): StreamRoute {
  return streamRoute(
    {
      method: "get",
      path: "/v1/attachments/{id}",
      summary: "Download an attachment's ciphertext, or one range of it (RFC 9110)",
      tag: "Attachments",
      access: "session",
      audits: ["attachment.read"],
      params: attachmentParams,
      headers: downloadHeaders,
      answers: {
        200: { description: "The whole; `Repr-Digest` is its SHA-256 (RFC 9530)", bytes: true },
        206: { description: "The range", bytes: true },
        416: { description: "Nothing of the range exists; `Content-Range` has the size" },
      },
      problems: [
        "attachment_not_found",
        "forbidden",
        "processing_restricted",
        "key_destroyed",
        "attachment_damaged",
      ],
    },
    async ({ who, params, headers }, _request, response) => {
      const download = await openDownload(deps, who.actor, params.id);
      const { size, sha256 } = download;
      response.setHeader("Accept-Ranges", "bytes");
      const asked = byteRange(headers.range, size);
      if (asked === "unsatisfiable") {
        response.writeHead(416, { "Content-Range": `bytes */${size}` }).end();
        return;
      }
      const { from, until } = asked === "whole" ? { from: 0, until: size } : asked;
      const isWhole = asked === "whole";
      // Before the head: what is damaged at once is refused, and not cut off.
      const data = await download.read({ from, until });
      response.writeHead(isWhole ? 200 : 206, {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": "attachment",
        "Content-Length": until - from,
        "Repr-Digest": `sha-256=:${Buffer.from(sha256).toString("base64")}:`,
        ...(!isWhole && { "Content-Range": `bytes ${from}-${until - 1}/${size}` }),
      });
      await pipeline(Readable.from(data), response);
    },
  );
}
