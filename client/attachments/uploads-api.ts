import { toBase64Url, utf8 } from "../../crypto/wire/bytes.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { SealdeskError } from "../errors.ts";
import type { BytesRequest } from "../http/bytes-exchange.ts";
import type { HttpResponse } from "../runtime.ts";

const tus = { "tus-resumable": "1.0.0" } as const;
const pathOf = (id: Uuid): string => `v1/attachments/${id}`;

/**
 * The server's attachments as this SDK uses them: tus 1.0 with creation and termination, and
 * downloads from an offset. Every function throws SealdeskError.
 */
export function createUploadsApi(request: (request: BytesRequest) => Promise<HttpResponse>) {
  return {
    /** How many bytes the server has; undefined when there is no such upload of this device. */
    async offset(id: Uuid): Promise<number | undefined> {
      try {
        return offsetOf(await request({ method: "HEAD", path: pathOf(id), headers: tus }));
      } catch (error) {
        // An answer to HEAD has no body that would say more than its status.
        if (error instanceof SealdeskError && error.status === 404) return undefined;
        throw error;
      }
    },

    async create(id: Uuid, conversation: Uuid, size: number): Promise<void> {
      const metadata = { conversation, id };
      const pairs = Object.entries(metadata).map(([name, value]) => `${name} ${base64(value)}`);
      const headers = {
        ...tus,
        "upload-length": String(size),
        "upload-metadata": pairs.join(","),
      };
      await request({ method: "POST", path: "v1/attachments", headers });
    },

    /** @returns how many bytes the server has now */
    async append(id: Uuid, offset: number, body: Uint8Array<ArrayBuffer>): Promise<number> {
      const headers = {
        ...tus,
        "upload-offset": String(offset),
        "content-type": "application/offset+octet-stream",
      };
      return offsetOf(await request({ method: "PATCH", path: pathOf(id), headers, body }));
    },

    async remove(id: Uuid): Promise<void> {
      await request({ method: "DELETE", path: pathOf(id), headers: tus });
    },

    /** The bytes from `offset` on. */
    read: (id: Uuid, offset: number): Promise<HttpResponse> =>
      request({
        method: "GET",
        path: pathOf(id),
        headers: offset === 0 ? {} : { range: `bytes=${offset}-` },
      }),
  };
}

export type UploadsApi = ReturnType<typeof createUploadsApi>;

function offsetOf(response: HttpResponse): number {
  const offset = Number(response.headers.get("upload-offset") ?? Number.NaN);
  if (!Number.isSafeInteger(offset) || offset < 0)
    throw new SealdeskError("invalid_response", "The server's answer has no Upload-Offset.");
  return offset;
}

/** Base64 with padding, as tus has it. */
function base64(text: string): string {
  const url = toBase64Url(utf8(text)).replaceAll("-", "+").replaceAll("_", "/");
  return url.padEnd(Math.ceil(url.length / 4) * 4, "=");
}
