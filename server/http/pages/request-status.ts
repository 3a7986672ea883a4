import express, { type Router } from "express";

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Your request</title>
<link rel="stylesheet" href="style.css">
</head>
<body>
<main>
<h1>Your request</h1>
<p role="status">Loading</p>
<table hidden><tbody></tbody></table>
<p><button type="button" id="certificate" hidden>Download the certificate</button>
<button type="button" id="withdraw" hidden>Withdraw the request</button></p>
<p>Keep this page's address. It stays valid when your account is gone. Whoever has it sees what is above.</p>
<noscript><p>This page needs JavaScript.</p></noscript>
</main>
<script src="request-status.js"></script>
</body>
</html>
`;

// The secret stays in the fragment, which browsers send to no server. It stays in the address, so that the page can be
// kept as a bookmark.
const script = `"use strict";
const [tenant, secret] = location.hash.slice(1).split(".");
const status = document.querySelector("[role=status]");
const table = document.querySelector("table");
const states = {
  received: "We have received it.",
  accepted: "We have accepted it and are working on it.",
  answered: "We have answered it.",
  refused: "We have refused it.",
  withdrawn: "You have withdrawn it.",
};
const erasing = {
  fencing: "It begins.",
  contestable: "Nothing is erased yet. You can still withdraw it.",
  shredding: "The keys of your messages are being destroyed.",
  erasing_account: "Your account is being erased.",
  purging: "Your messages are being removed.",
  removing_files: "Your files are being removed.",
  forgetting: "Our servers are forgetting what they have in memory.",
  notifying: "Devices that have copies of your messages are told to remove them.",
  informing: "Our other systems are told to erase what they have.",
  certifying: "The certificate is being made.",
  certified: "It is done. The certificate says what was erased, and what is kept by law.",
  withdrawn: "It was withdrawn. Nothing was erased.",
};
const restricting = {
  in_force: "Your conversations are only stored. Nobody reads them, unless a legal claim demands it.",
  announced: "It is in force, and it ends soon.",
  lifted: "It has ended.",
};
const copying = {
  planning: "It is being prepared.",
  packing: "It is being prepared.",
  ready: "Your device can take it. Open the app in which you asked.",
  completed: "Your device has written it. It is there, and not on our servers.",
  superseded: "Your device begins again.",
  expired: "Your device did not take it in time. Open the app to begin again.",
};
const day = (ms) => new Date(ms).toLocaleDateString("en", { dateStyle: "long" });
const time = (ms) => new Date(ms).toLocaleString("en", { dateStyle: "long", timeStyle: "short" });
const row = (name, value) => {
  if (value === null || value === undefined) return;
  const line = table.tBodies[0].insertRow();
  const head = document.createElement("th");
  head.scope = "row";
  head.textContent = name;
  line.append(head);
  line.insertCell().textContent = value;
};
const send = async (path) => {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ tenant, secret }),
  });
  const body = answer.status === 204 ? {} : await answer.json();
  if (answer.ok) return body;
  status.textContent =
    body.code === "invalid_request" ? "This link is not complete. Open it again." : body.detail;
};
const offer = (id, path, then) => {
  const button = document.getElementById(id);
  button.hidden = false;
  button.onclick = async () => {
    const body = await send(path);
    if (body !== undefined) then(body);
  };
};
const download = ({ file }) => {
  const text = atob(file.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes], { type: "application/json" }));
  link.download = "certificate.json";
  link.click();
};
(async () => {
  try {
    const body = await send("v1/request-status");
    if (body === undefined) return;
    status.textContent = states[body.state] ?? body.state;
    row("You asked for", body.right.replaceAll("_", " "));
    row("Received", day(body.receivedAtMs));
    row("We must answer by", day(body.dueAtMs - 1));
    row("Under", body.citation);
    const { erasure } = body;
    row("The erasure", erasure && (erasing[erasure.state] ?? erasure.state));
    const { copy } = body;
    row("Your copy", copy && (copying[copy.state] ?? copy.state));
    row("It waits for", erasure?.pending ?? copy?.pending ?? body.pending);
    if (erasure?.state === "contestable") row("Until", time(erasure.contestableUntilMs));
    if (erasure?.certifiedAtMs) offer("certificate", "v1/request-status/certificate", download);
    const { restriction } = body;
    row("The restriction", restriction && (restricting[restriction.state] ?? restriction.state));
    if (restriction?.liftsAtMs) row("It ends", time(restriction.liftsAtMs));
    const isOpen = ["received", "accepted"].includes(body.state);
    if (isOpen && (!erasure || ["fencing", "contestable"].includes(erasure.state)))
      offer("withdraw", "v1/request-status/withdrawal", () => location.reload());
    row("We need more time", body.extensionReason);
    row("Why we refused it", body.refusalGround);
    table.hidden = false;
  } catch {
    status.textContent = "The server was not reached. Try again.";
  }
})();
`;

/** Creates the page on which a person sees how far a request is: GET /request-status. */
export function requestStatusPage(): Router {
  const router = express.Router();
  router.get("/request-status", (_request, response) => {
    response.set("Cache-Control", "no-store").type("html").send(page);
  });
  router.get("/request-status.js", (_request, response) => {
    response.type("text/javascript").send(script);
  });
  return router;
}
