import { createRequire } from "node:module";
import { dirname } from "node:path";
import express, { type Router } from "express";

const require = createRequire(import.meta.url);
const assets = dirname(require.resolve("swagger-ui-dist/package.json"));

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sealdesk API</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="icon" href="docs/favicon-32x32.png">
</head>
<body>
<main id="swagger-ui"><p>The API is described in <a href="openapi.json">openapi.json</a>; this page needs JavaScript to show it.</p></main>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/initializer.js"></script>
</body>
</html>
`;

// "Try it out" is off: a request needs a proof signed by a device key, and a page has none.
const initializer = `window.addEventListener("load", () => {
  SwaggerUIBundle({
    url: "openapi.json",
    dom_id: "#swagger-ui",
    supportedSubmitMethods: [],
    validatorUrl: null,
  });
});
`;

/** GET /v1/docs: a readable page of the OpenAPI document. It loads nothing from other hosts. */
export function docsPage(): Router {
  const router = express.Router();
  router.get("/v1/docs", (_request, response) => void response.type("html").send(page));
  router.get("/v1/docs/initializer.js", (_request, response) => {
    response.type("text/javascript").send(initializer);
  });
  for (const file of ["swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"])
    router.get(`/v1/docs/${file}`, (_request, response) => {
      response.sendFile(file, { root: assets, maxAge: "1d" });
    });
  return router;
}
