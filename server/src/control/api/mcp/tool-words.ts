// What is to be done next is said with commands; an agent has tools instead, and a user who has the commands.

/** By the words that a command begins with; the longest that fits counts. "" is for the user, whatever follows. */
const tools: Record<string, string> = {
  apply: "apply",
  approvals: "approvals",
  "approvals approve": "",
  "approvals deny": "",
  apps: "status",
  "apps --destroyed": "journal",
  "apps create": "deploy",
  cancel: "cancel",
  deploy: "deploy",
  deployments: "status",
  destroy: "destroy",
  domains: "domains",
  env: "set_config",
  "env list": "status",
  journal: "journal",
  logs: "logs",
  releases: "releases",
  restart: "restart",
  restore: "undo",
  rollback: "rollback",
  run: "run_command",
  scale: "scale",
  secrets: "set_config",
  "secrets list": "status",
  snippet: "deploy_snippet",
  status: "status",
  undo: "undo",
};

const toolOf = (words: readonly string[]): string => tools[words.slice(0, 2).join(" ")] ?? tools[words[0] ?? ""] ?? "";

/** The same text, where each command is followed by the tool that does it, or by who can run it. */
export const withTools = (text: string): string =>
  text.replace(/'slip ([a-z][^']*)'/g, (command, words: string) => {
    const found = words.includes("--purge") ? "" : toolOf(words.split(" "));
    return `${command} (${found === "" ? "for the user" : `tool: ${found}`})`;
  });
