// `npm run reference`: writes the server's pages of docs/reference.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { serverPages } from "./reference-pages.ts";

const folder = join(import.meta.dirname, "../../../docs/reference");
for (const [name, text] of Object.entries(serverPages())) writeFileSync(join(folder, name), text);
