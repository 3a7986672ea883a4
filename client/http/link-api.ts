import {
  linkApproval,
  linkRequest,
  newLinkRequest,
  openedLinkRequest,
} from "../../contract/links.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { DeviceId } from "../../crypto/wire/ids.ts";
import { nothing, writeBody } from "./messages.ts";
import type { Request } from "./transport.ts";

/** Creates the calls about requests to link a further device to an account. */
export function linkApi(request: Request) {
  return {
    requestLink: async (asking: {
      readonly id: Uuid;
      readonly device: DeviceId;
      readonly ephemeralKey: Uint8Array;
    }) =>
      request({
        method: "POST",
        path: "v1/link-requests",
        body: writeBody(newLinkRequest, asking),
        answer: openedLinkRequest,
      }),

    async linkRequest(id: Uuid) {
      const path = `v1/link-requests/${id}`;
      const view = await request({ method: "GET", path, answer: linkRequest });
      return { ...view, sibling: view.sibling ?? undefined, sealed: view.sealed ?? undefined };
    },

    approveLink: async (id: Uuid, sealed: Uint8Array): Promise<undefined> =>
      request({
        method: "POST",
        path: `v1/link-requests/${id}/approval`,
        body: writeBody(linkApproval, { sealed }),
        answer: nothing,
      }),

    refuseLink: (id: Uuid): Promise<undefined> =>
      request({
        method: "POST",
        path: `v1/link-requests/${id}/refusal`,
        answer: nothing,
      }),

    withdrawLink: (id: Uuid): Promise<undefined> =>
      request({ method: "DELETE", path: `v1/link-requests/${id}`, answer: nothing }),
  };
}
