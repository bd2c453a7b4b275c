import { extname } from "node:path";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { SnippetLanguage } from "@slipstream/contract/words.ts";
import { type Command, type ExitCode, first, type Invocation } from "../command.ts";
import { deployGiven } from "../deployment/deploy-given.ts";
import { detachOption, settingOptions, settingsOf } from "../deployment/settings.ts";
import { planOption } from "../plan/change.ts";
import { refusal } from "../platform/access.ts";
import { contentOf } from "../source/given-file.ts";
import { textOf } from "./options.ts";

const languages: readonly SnippetLanguage[] = ["node", "python", "html"];
const byExtension: Readonly<Record<string, SnippetLanguage>> = {
  ".js": "node",
  ".mjs": "node",
  ".cjs": "node",
  ".py": "python",
  ".html": "html",
  ".htm": "html",
};

/** What was said, else what the file's name says, else the platform tells from the code. */
const languageOf = ({ options }: Invocation, path: string): SnippetLanguage | undefined => {
  const asked = textOf(options, "language");
  const known = languages.find((language) => language === asked);
  if (asked !== undefined && known === undefined)
    throw new SlipError("usage", `There is no language "${asked.slice(0, 40)}".`, { next: "Use --language node, python or html." });
  return known ?? byExtension[extname(path).toLowerCase()];
};

const run = async (call: Invocation): Promise<ExitCode> => {
  const refused = refusal(call.environment);
  if (refused) throw refused;
  const path = first(call);
  const [settings, language] = [settingsOf(call), languageOf(call, path)];
  const code = (await contentOf(path)).bytes.toString();
  if (code.trim() === "") throw new SlipError("source_empty", "There is no code to deploy.", { next: "Name a file with code, or give it on standard input." });
  await call.session.ensureRunning();
  return deployGiven(call, { ...settings, source: { kind: "snippet", code, ...(language && { language }) } });
};

export const snippet: Command = {
  name: "snippet",
  summary: "Make one file of code live: a Node or Python server, a function, or a page.",
  arguments: [{ name: "FILE", summary: "a file with the code, or - for standard input" }],
  options: [
    { flags: "--app <NAME>", summary: "name of the app (else it gets a new one)" },
    { flags: "--language <NAME>", summary: "node, python or html (else told from the file's name or the code)" },
    ...settingOptions,
    detachOption,
    planOption,
  ],
  notes:
    "A program listens on the port in the variable PORT; a function exports an object with fetch() as its default. What needs packages is deployed as a folder with 'slip deploy'.",
  examples: ["slip snippet hello.py", "echo '<h1>Hello</h1>' | slip snippet - --app hello", "slip snippet server.js --json"],
  run,
};
