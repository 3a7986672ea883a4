import { erasureNotices } from "../../contract/erasure-notices.ts";
import type { CaseId } from "../../crypto/wire/ids.ts";
import { nothing } from "../http/messages.ts";
import type { Request } from "../http/transport.ts";

const PATH = "v1/devices/current/erasures";

/** Returns what this device has not removed yet, according to the server. Nothing is checked yet. */
export const readNotices = (request: Request) =>
  request({ method: "GET", path: PATH, answer: erasureNotices });

export const acknowledge = (request: Request, id: CaseId) =>
  request({ method: "POST", path: `${PATH}/${id}/acknowledgement`, answer: nothing });
