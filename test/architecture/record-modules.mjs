// Loaded with `node --import`: when the process ends, writes every module it resolved or required to
// the file that MODULES_RECORD names. A pipe would lose the end of a long line when the process exits.
import { writeFileSync } from "node:fs";
import { createRequire, register } from "node:module";
import { receiveMessageOnPort, MessageChannel } from "node:worker_threads";

const hooks = `
  let port;
  export const initialize = (data) => { port = data; };
  export async function resolve(specifier, context, next) {
    const result = await next(specifier, context);
    port.postMessage(result.url);
    return result;
  }`;
const { port1, port2 } = new MessageChannel();
register(`data:text/javascript,${encodeURIComponent(hooks)}`, {
  data: port2,
  transferList: [port2],
});
port1.unref();

process.on("exit", () => {
  const loaded = Object.keys(createRequire(import.meta.url).cache);
  for (let next = receiveMessageOnPort(port1); next; next = receiveMessageOnPort(port1))
    loaded.push(next.message);
  writeFileSync(process.env.MODULES_RECORD, JSON.stringify(loaded));
});
