// A page for people: plain HTML, no script, nothing from elsewhere, in no frame.
import { createHash } from "node:crypto";
import { type Html, html, sourceOf } from "./html.ts";

/** Without a sign that HTML knows: it is escaped as all text is. */
const style = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { max-width: 40rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem; line-height: 1.2 }
fieldset { margin: 1rem 0; border: 1px solid; border-radius: .25rem }
label { display: block; padding: .25rem 0 }
input:not([type=checkbox]):not([type=radio]), select, button { font: inherit; padding: .4rem .6rem; max-width: 100% }
button { margin: .5rem .5rem .5rem 0; cursor: pointer }
small { display: block; opacity: .8 }
.wrong { border-left: .3rem solid #c00; padding-left: .7rem }
code, pre { overflow-wrap: anywhere }
pre { white-space: pre-wrap; margin: 0 }
dl, dd, ul { margin-top: 0; margin-bottom: 0 }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .4rem; border-bottom: 1px solid; vertical-align: top }`;
const styleHash = createHash("sha256").update(style).digest("base64");

/** `leadsTo` names where a form may lead in the end besides here, as a source of CSP. */
export const pageHeaders = (leadsTo?: string): Record<string, string> => ({
  "content-security-policy": `default-src 'none'; style-src 'sha256-${styleHash}'; form-action 'self'${leadsTo === undefined ? "" : ` ${leadsTo}`}; frame-ancestors 'none'; base-uri 'none'`,
  "x-frame-options": "DENY",
  "x-content-type-options": "nosniff",
  // Forms are to say where they come from.
  "referrer-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
  "cache-control": "no-store",
  "content-type": "text/html; charset=utf-8",
});

const document = (title: string, body: Html): Html => html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} – Slipstream</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`;

export const renderPage = (title: string, body: Html): string => sourceOf(document(title, body));
