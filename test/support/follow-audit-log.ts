import type { TestDevice } from "./device.ts";
import type { TestServer } from "./server.ts";

/** Opens `GET /v1/audit/tail`; whoever asked cancels the body. */
export function follow(
  server: TestServer,
  auditor: TestDevice,
  options: { readonly after?: number; readonly signal?: AbortSignal } = {},
): Promise<Response> {
  const { after, signal } = options;
  const path = "/v1/audit/tail";
  const query = after === undefined ? "" : `?after=${after}`;
  return fetch(`${server.url}${path}${query}`, {
    headers: {
      dpop: auditor.proof("GET", path, { token: auditor.token }),
      authorization: `DPoP ${auditor.token}`,
    },
    ...(signal && { signal }),
  });
}

/** Reads events until `enough`. @returns each event's id and entry */
export async function eventsOf(
  answer: Response,
  enough: (events: readonly (readonly [number, Record<string, unknown>])[]) => boolean,
) {
  const events: (readonly [number, Record<string, unknown>])[] = [];
  let text = "";
  const decoder = new TextDecoder();
  for await (const part of answer.body ?? []) {
    text += decoder.decode(part as Uint8Array, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const [, id, data] = /^id: (\d+)\ndata: (.*)$/.exec(block) ?? [];
      if (data !== undefined)
        events.push([Number(id), JSON.parse(data) as Record<string, unknown>]);
    }
    if (enough(events)) break;
  }
  return events;
}
