import { homedir } from "node:os";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Command, ExitCode, Invocation } from "../command.ts";
import { Bridge } from "../mcp/bridge.ts";
import { doorOf } from "../mcp/door.ts";
import { withFolder, withSource } from "../mcp/folder.ts";
import { accessOf } from "../platform/access.ts";
import { waitForReturn } from "../platform/session.ts";

/** A client that starts programs from the file system's top or the user's home has not said which folders are a project. */
const foldersOf = ({ rest }: Invocation): string[] => {
  if (rest.length > 0) return rest.map((folder) => resolve(folder));
  const here = process.cwd();
  return here === "/" || here === homedir() ? [] : [here];
};

const parse = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
};

const say = (message: unknown): void => void process.stdout.write(`${JSON.stringify(message)}\n`);
const notJson = { jsonrpc: "2.0", id: null, error: { code: -32_700, message: "Parse error: a line is not JSON" } };

const run = async (call: Invocation): Promise<ExitCode> => {
  const { environment, session } = call;
  const allowed = foldersOf(call);
  const folders = { environment, session, allowed };
  // What the client sends meanwhile is read as soon as the platform runs.
  await session.ensureRunning();
  accessOf(environment);
  const bridge = new Bridge({
    door: doorOf(() => accessOf(environment)),
    say,
    prepare: (request, signal) => withSource(folders, request, signal),
    amend: (request, answer) => withFolder(allowed, request, answer),
    pause: waitForReturn,
  });
  const under = new Set<Promise<void>>();
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() === "") continue;
    const message = parse(line);
    if (message === undefined) {
      say(notJson);
      continue;
    }
    const taken = bridge.take(message).finally(() => under.delete(taken));
    under.add(taken);
  }
  await bridge.end();
  await Promise.all(under);
  return 0;
};

const claude = "claude mcp add slipstream -- slip mcp";
const json = '{ "mcpServers": { "slipstream": { "command": "slip", "args": ["mcp", "/path/to/project"] } } }';
// biome-ignore lint/suspicious/noTemplateCurlyInString: it is VS Code that fills it in
const vscode = '{ "servers": { "slipstream": { "type": "stdio", "command": "slip", "args": ["mcp", "${workspaceFolder}"] } } }';

export const mcp: Command = {
  name: "mcp",
  summary: "Serve agents: the Model Context Protocol on standard input and output.",
  arguments: [
    { name: "FOLDER", summary: "agents may deploy folders below it (default: the present one, unless that is your home)", optional: true, many: true },
  ],
  notes: [
    "An agent's client starts this; it starts the platform where none runs. The same is at https://slip.localhost:PORT/mcp,",
    "where 'slip status' says the port, with the token as 'Authorization: Bearer TOKEN'.",
    "",
    "Claude Code:",
    `  ${claude}`,
    "Cursor (.cursor/mcp.json), Claude Desktop (claude_desktop_config.json), Windsurf (mcp_config.json):",
    `  ${json}`,
    "VS Code (.vscode/mcp.json):",
    `  ${vscode}`,
  ].join("\n"),
  examples: ["slip mcp", "slip mcp ~/projects/shop", claude],
  run,
};
