import { uuidv7 } from "uuidv7";
import { newEmailRequest } from "../../../contract/request-handling.ts";
import { idGenerator, isId, type UserId } from "../../../crypto/wire/ids.ts";
import { askByEmail } from "../../../workflows/requests/ask-by-email.ts";
import { assignRequest } from "../../../workflows/requests/assign-request.ts";
import { firstLine } from "../../read-password.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { withKeys } from "../../with-keys.ts";
import { dayOf, timeOf } from "../moments.ts";
import { withPolicy } from "../policy/with-policy.ts";
import { requestOf, rightOf } from "./requests.ts";

interface EmailOptions {
  readonly tenant: string;
  readonly right: string;
  readonly residence?: string;
  readonly receivedOn?: string;
}

/** Records a request that came by e-mail. The address is no argument, because every user of the machine can see those. */
export async function openByEmailCommand(
  settings: Settings,
  { tenant: slug, right, residence, receivedOn }: EmailOptions,
): Promise<string> {
  const asked = {
    right: rightOf(right),
    residence,
    receivedAtMs: timeOf(receivedOn),
    email: (await firstLine("e-mail address")).trim(),
  };
  if (!newEmailRequest.safeParse(asked).success)
    throw new CommandError("Pass one e-mail address, and a code of ISO 3166 with --residence.");
  const { publicUrl, operator } = settings;
  const { link, expiresAtMs } = await withKeys(settings, slug, ({ data, blindIndexKeys, tenant }) =>
    askByEmail(
      { pool: data, now: Date.now, newId: idGenerator(uuidv7), publicUrl, blindIndexKeys },
      { tenant, operator },
      asked,
    ),
  );
  return `Send this link to the address, and to nobody else, by ${dayOf(expiresAtMs)}: ${link}`;
}

/** Says of which account a request is. */
export async function assignCommand(
  settings: Settings,
  id: string,
  { tenant, subject }: { readonly tenant: string; readonly subject: string },
): Promise<string> {
  if (!isId<UserId>(subject)) throw new CommandError("--subject is the id of an account.");
  const asked = { id: requestOf(id), subject };
  const request = await withPolicy(settings, tenant, ({ deps, party }) =>
    assignRequest(deps, party, asked),
  );
  return request === id
    ? "The request is of this account."
    : `The person had asked for it before: request ${request} goes on.`;
}
