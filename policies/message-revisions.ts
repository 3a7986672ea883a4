/**
 * The limits of a tenant's setting, in minutes: for how long after a message its author may edit or delete it. Without the
 * setting nobody may. The server cannot see what a message does, so the devices of the author and of the members keep to
 * it (R36 in docs/receiver.md).
 */
export const REVISION_MINUTES = { least: 1, most: 43_200 } as const;
