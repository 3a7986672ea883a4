import { z } from "zod";
import { Notifications } from "../../db/notifications.ts";
import { isId, type TenantId, type UserId } from "../../crypto/wire/ids.ts";

/** The channel on which the database announces each change of a role or of teams, by any process. */
const CHANNEL = "sealdesk_roles";

const payloadSchema = z
  .string()
  .transform((text) => text.split(" "))
  .pipe(z.tuple([z.custom<TenantId>(isId), z.custom<UserId>(isId)]));

/**
 * Calls `onChanged` when the role or the teams of an account are said to have changed. Read the role again then:
 * notifications may be lost, repeated or false. The poll for ended sessions finds the lost ones.
 */
export async function watchRoles(options: {
  readonly url: string;
  readonly onChanged: (tenant: TenantId, user: UserId) => void;
  readonly onLost: (error: unknown) => void;
}): Promise<{ close(): Promise<void> }> {
  const { url, onChanged, onLost } = options;
  return Notifications.open({
    url,
    channel: CHANNEL,
    name: "sealdesk-roles",
    onPayload(text) {
      const { data } = payloadSchema.safeParse(text);
      if (data !== undefined) onChanged(...data);
    },
    onListening: () => undefined,
    onLost,
  });
}
