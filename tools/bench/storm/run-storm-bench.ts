import type { LoadConversation } from "../arrange/load-device.ts";
import { bareParties, partiesOf } from "../arrange/parties.ts";
import { LoadTenant } from "../arrange/tenant.ts";
import { closing } from "../closing.ts";
import { Load } from "../load/load-process.ts";
import type { Party } from "../load/party.ts";
import type { Progress, Scale } from "../options.ts";
import type { Measured } from "../report.ts";
import { startBareRelay } from "../servers/bare-relay.ts";
import type { Probe } from "../servers/probe.ts";
import { startSealdesk, type SealdeskServer } from "../servers/sealdesk.ts";
import { median, round } from "../statistics.ts";

interface StormFigures {
  readonly seconds: number;
  readonly peakRssMiB: number;
  readonly cpuMicrosPerDevice: number;
}

const DEVICES = 5_000;
const WAITING = 20;
const AGENT_DEVICES = 100;
const AGENT_CONVERSATIONS = 1_000;

/**
 * Measures a storm of connections. All devices connect at one moment, authenticate, and get their
 * waiting messages. The time ends when the last device has all of them. The agency case follows:
 * few devices, each in many conversations.
 */
export const runStormBench = (scale: Scale, progress: Progress): Promise<Measured> =>
  closing(async (started) => {
    const conversations = Math.max(2, Math.round((DEVICES / 2) * scale.share));
    const server = started.add(await startSealdesk());
    const tenant = started.add(await LoadTenant.open(server));
    const prototype = started.add(await startBareRelay(server.ownerUrl));
    const groups = await tenant.groups(conversations, 2);
    const ours = await partiesOf(tenant, groups);
    const theirs = bareParties(prototype.url, conversations, 2);
    progress("leaving messages");
    await leaveWaiting(ours, WAITING);
    await leaveWaiting(theirs, WAITING);
    const rounds: { sealdesk: StormFigures; prototype: StormFigures }[] = [];
    for (let turn = 0; turn < scale.rounds; turn++) {
      const fresh = await partiesOf(tenant, groups);
      rounds.push({
        prototype: await storm(theirs, prototype.probe),
        sealdesk: await storm(fresh, server.probe),
      });
    }
    const of = (side: "sealdesk" | "prototype", what: keyof StormFigures) =>
      median(rounds.map((each) => each[side][what]));
    progress(`storm: ${of("sealdesk", "seconds")} s, prototype ${of("prototype", "seconds")} s`);
    const agency = await measureAgency(server, tenant, scale);
    progress(`agency: ${agency.seconds} s for ${agency.messages} messages`);
    return {
      figures: { devices: conversations * 2, waiting: WAITING, rounds, agency },
      table: [
        ["storm", "Sealdesk", "prototype"],
        ["until all have all, s", of("sealdesk", "seconds"), of("prototype", "seconds")],
        ["peak RSS, MiB", of("sealdesk", "peakRssMiB"), of("prototype", "peakRssMiB")],
        [
          "CPU us per device",
          of("sealdesk", "cpuMicrosPerDevice"),
          of("prototype", "cpuMicrosPerDevice"),
        ],
        [`agency: ${agency.messages} messages, s`, agency.seconds, "-"],
      ],
      goals: [
        {
          name: `time of the prototype's, ${conversations * 2} devices with ${WAITING} messages each`,
          value: round(of("sealdesk", "seconds") / of("prototype", "seconds"), 2),
          atMost: 2,
        },
        {
          name: `seconds for ${agency.devices} devices in ${agency.conversations} conversations`,
          value: agency.seconds,
          atMost: 3,
        },
      ],
    };
  });

async function storm(parties: readonly Party[], probe: Probe): Promise<StormFigures> {
  // Prepared ahead, because signing proofs is the devices' work.
  const load = await Load.prepare(parties.map(({ links }) => ({ links, rooms: [] })));
  const before = await probe.collected();
  const ms = await load.connect();
  const after = await probe.usage();
  await load.close();
  const devices = parties.reduce((sum, { links }) => sum + links.length, 0);
  return {
    seconds: round(ms / 1000, 2),
    peakRssMiB: round(after.peakRssBytes / 2 ** 20),
    cpuMicrosPerDevice: round((after.cpuMicros - before.cpuMicros) / devices),
  };
}

/** Devices that are all in the same conversations. One message waits in each conversation. */
async function measureAgency(server: SealdeskServer, tenant: LoadTenant, scale: Scale) {
  const devices = await tenant.devices(Math.max(2, Math.round(AGENT_DEVICES * scale.share)));
  const count = Math.max(2, Math.round(AGENT_CONVERSATIONS * scale.share));
  const groups = await tenant.conversations(Array.from({ length: count }, () => devices));
  await leaveWaiting(await agencyParties(tenant, groups, 1), 1);
  const parties = await agencyParties(tenant, groups);
  const { seconds, peakRssMiB } = await storm(parties, server.probe);
  const messages = devices.length * count;
  return { devices: devices.length, conversations: count, messages, seconds, peakRssMiB };
}

/**
 * Every device with all conversations.
 * @param senders how many of the devices are connected
 */
async function agencyParties(
  tenant: LoadTenant,
  groups: readonly LoadConversation[],
  senders?: number,
): Promise<Party[]> {
  const devices = groups[0]?.devices ?? [];
  const cursors = groups.map(({ id }) => ({ conversation: id, seq: 1 }));
  const [, ...others] = devices;
  const rooms = groups.map(({ id }) => ({
    conversation: id,
    head: 1,
    others: others.map(({ device }) => device),
  }));
  return Promise.all(
    devices.slice(0, senders).map(async (device) => ({
      links: [await tenant.link(device, cursors)],
      rooms: senders === undefined ? [] : rooms,
    })),
  );
}

/** Sends `count` messages in each conversation while only its sender is connected. */
async function leaveWaiting(parties: readonly Party[], count: number): Promise<void> {
  const load = await Load.prepare(
    parties.map(({ links, rooms }) => ({ links: links.slice(0, 1), rooms })),
  );
  await load.connect();
  await load.sendEach(count);
  await load.close();
}
