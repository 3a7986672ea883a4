/**
 * What most pages never call, or not at first: consents and notices, what the law gives a person, the linking of
 * devices, grants of history, the removal of copies of what was erased, and what a person compares and accepts. A page
 * loads it with the first call. So nothing else imports these files, except
 * types.
 *
 * It is one part. Bundlers put what two parts share into a file of its own, which compresses worse, so each further
 * part makes the first load bigger.
 */
export { connectConsents } from "./consents/connect-consents.ts";
export { acceptMembers } from "./conversation/accept-members.ts";
export { reportMessages } from "./conversation/report-messages.ts";
export { acceptOffered, safetyCodeWith, safetyNumbersWith } from "./device/account-keys.ts";
export { Rights } from "./device/rights.ts";
export { obeyErasures } from "./erasure/obey-erasures.ts";
export { HistoryWork } from "./history/history-work.ts";
export { linkDevice } from "./linking/link-device.ts";
export { approveDevice, ownDevices, refuseDevice, reviewDevice } from "./linking/own-devices.ts";
