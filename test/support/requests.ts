/** What people ask for by law, as devices and officers do it. */
import type { Reply, TestDevice } from "./device.ts";
import type { TestServer } from "./server.ts";

export const askFor = (device: TestDevice, right: string, more: object = {}): Promise<Reply> =>
  device.request("POST", "/v1/requests", { body: { right, ...more } });

export const recordFor = (
  staff: TestDevice,
  user: string,
  right: string,
  more: object = {},
): Promise<Reply> =>
  staff.request("POST", `/v1/users/${user}/requests`, { body: { right, ...more } });

export const decide = (
  officer: TestDevice,
  id: string,
  decision: string,
  more: object = {},
): Promise<Reply> =>
  officer.request("POST", `/v1/requests/${id}/decision`, { body: { decision, ...more } });

export const withdraw = (device: TestDevice, id: string): Promise<Reply> =>
  device.request("POST", `/v1/requests/${id}/withdrawal`);

export const renewLink = (officer: TestDevice, id: string): Promise<Reply> =>
  officer.request("POST", `/v1/requests/${id}/link`);

/** What the page of a request's link sends. It needs no account. */
export function byLink(
  { url }: TestServer,
  link: string,
  path: "" | "/certificate" | "/withdrawal" = "",
  change = (secret: string) => secret,
) {
  return postLink(link, `${url}/v1/request-status${path}`, change);
}

async function postLink(link: string, to: string, change = (secret: string) => secret) {
  const [tenant, secret = ""] = new URL(link).hash.slice(1).split(".");
  const answer = await fetch(to, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ tenant, secret: change(secret) }),
  });
  const { status } = answer;
  return { status, body: status === 204 ? {} : ((await answer.json()) as Record<string, unknown>) };
}

/** Records a request that came by e-mail. */
export const askByEmail = (
  officer: TestDevice,
  right: string,
  email = "ann@example.com",
  more: object = {},
): Promise<Reply> =>
  officer.request("POST", "/v1/email-requests", { body: { right, email, ...more } });

export const assign = (officer: TestDevice, id: string, user: string): Promise<Reply> =>
  officer.request("PUT", `/v1/requests/${id}/subject`, { body: { user } });

/** Opens the link that was sent to the address. */
export const verify = ({ url }: TestServer, link: string) =>
  postLink(link, `${url}/v1/email-request-verification`);

export const extend = (officer: TestDevice, id: string): Promise<Reply> =>
  officer.request("POST", `/v1/requests/${id}/extension`, {
    body: { reason: "the records are many" },
  });

/** The rules with which each tenant begins. */
export const initialRules = { timeZone: "UTC", holidays: [], laws: [{ law: "gdpr" }] };

export const setRules = (officer: TestDevice, content: object): Promise<Reply> =>
  officer.request("PUT", "/v1/request-rules", { body: { content } });
