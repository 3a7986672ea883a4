import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { closeHttp, listen } from "../../../server/http/listen.ts";
import { RawConnection } from "../../support/raw-http.ts";

test("a stop waits for the answer that is due, and not for a connection that never asked", async () => {
  const due: ServerResponse[] = [];
  const server = createServer((_request, response) => void due.push(response));
  const url = await listen(server, { host: "127.0.0.1", port: 0 });
  const silent = new RawConnection(url);
  await once(server, "connection");
  const asking = new RawConnection(url).request("GET /");
  await once(server, "request");

  const closed = closeHttp(server);
  await silent.closed;
  due[0]?.end("after the stop");
  expect((await asking.answer()).status).toBe(200);
  asking.close();
  await closed;
});
