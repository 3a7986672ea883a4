/** A load process. It holds devices of many parties, and sends and counts as instructed. */
import { bareDialect } from "./bare-dialect.ts";
import { RelayConnection, type Dialect, type RelayConnectionEvents } from "./relay-connection.ts";
import { answerCalls } from "./child-calls.ts";
import type { Call, Connected } from "./load-process.ts";
import type { LinkSpec, Party } from "./party.ts";
import { sealdeskDialect } from "./sealdesk-dialect.ts";
import { socketIoDialect } from "./socket-io-dialect.ts";
import { Traffic } from "./traffic.ts";
import { xmppDialect } from "./xmpp-dialect.ts";

interface Ready {
  readonly party: Party;
  readonly dialects: readonly Dialect[];
}

function dialectOf(spec: LinkSpec): Dialect {
  switch (spec.kind) {
    case "sealdesk":
      return sealdeskDialect(spec);
    case "bare":
      return bareDialect(spec);
    case "socket.io":
      return socketIoDialect(spec);
    case "xmpp":
      return xmppDialect(spec);
  }
}

/** A sender that was behind is shown its own messages again. They count once, as accepted. */
const sendersEvents: RelayConnectionEvents = {
  accepted: (key, seq) => traffic.accepted(key, seq),
  delivered: () => undefined,
};

let ready: Ready[] = [];
const links: RelayConnection[] = [];
const traffic = new Traffic();

/** @returns how long it took until all had everything that waited for them */
async function connect(
  localAddress: string,
  parallel: number,
  calmly: boolean,
): Promise<Connected> {
  const begin = performance.now();
  const waiting = ready.flatMap(({ party, dialects }) =>
    party.links.map((spec, index) => ({ party, spec, index, dialect: dialects[index] })),
  );
  ready = [];
  const opened: Promise<void>[] = [];
  const queue = waiting.values();
  const gate = async () => {
    for (const { party, spec, index, dialect } of queue) {
      if (dialect === undefined) continue;
      const events = index === 0 ? sendersEvents : traffic;
      // The gate limits connecting. Resuming continues after it.
      await new Promise<void>((connected, failed) => {
        const open = RelayConnection.open(spec.url, dialect, localAddress, events, () => {
          if (!calmly) connected();
        }).then((link) => {
          links.push(link);
          if (index === 0) traffic.add(link, dialect, party.rooms, party.links.length - 1);
        });
        opened.push(open);
        if (calmly) open.then(connected, failed);
        else open.catch(failed);
      });
    }
  };
  await Promise.all(Array.from({ length: parallel }, gate));
  await Promise.all(opened);
  return { ms: performance.now() - begin };
}

async function answer(call: Call): Promise<unknown> {
  switch (call.do) {
    case "prepare":
      ready = call.parties.map((party) => ({ party, dialects: party.links.map(dialectOf) }));
      return undefined;
    case "connect":
      return connect(call.localAddress, call.parallel, call.calmly);
    case "startClosed":
      return traffic.startClosed(call.window);
    case "startOpen":
      return traffic.startOpen(call.perSecond);
    case "sendEach":
      return traffic.sendEach(call.count);
    case "take":
      return traffic.take();
    case "stop":
      return traffic.stop();
    case "close":
      for (const link of links.splice(0)) link.close();
      return undefined;
  }
}

answerCalls(answer);
