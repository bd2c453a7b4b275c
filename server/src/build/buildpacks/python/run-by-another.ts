// Scripts and notebooks that a program of a package serves: Streamlit, Shiny, Panel, marimo, Voilà and their like.
import type { SourceTree } from "@slipstream/contract/ports/buildpack.ts";
import { asksFor, type Pyproject } from "./project.ts";
import type { PythonStart } from "./start.ts";

interface Runner {
  distribution: string;
  /** What a script of its kind has in it; notebooks are told by their name. */
  sign: RegExp | "notebook";
  /** A line for the shell in the sandbox, which puts the port in; the file comes last. Words alone where variables say the port. */
  line: string | readonly string[];
  /** A line before it. */
  first?: string;
}

/** It writes beside what it reads of itself, and the files of an app are read-only. */
const chainlitFolder = "mkdir -p /tmp/chainlit && cp -r .chainlit chainlit*.md public /tmp/chainlit/ 2>/dev/null; export CHAINLIT_APP_ROOT=/tmp/chainlit";

const runners: readonly Runner[] = [
  // Its address and port are in variables.
  { distribution: "streamlit", sign: /^(?:import|from) streamlit\b/m, line: ["streamlit", "run"] },
  {
    distribution: "chainlit",
    sign: /^(?:import|from) chainlit\b/m,
    first: chainlitFolder,
    line: 'chainlit run --headless --host 0.0.0.0 --port "$PORT"',
  },
  { distribution: "shiny", sign: /^(?:import|from) shiny\b/m, line: 'shiny run --host 0.0.0.0 --port "$PORT"' },
  { distribution: "marimo", sign: /\bmarimo\.App\(/, line: 'marimo run --headless --host 0.0.0.0 --port "$PORT"' },
  { distribution: "panel", sign: /\.servable\(/, line: 'panel serve --address 0.0.0.0 --port "$PORT" --allow-websocket-origin "*"' },
  { distribution: "solara", sign: /^(?:import|from) solara\b/m, line: 'solara run --production --host 0.0.0.0 --port "$PORT"' },
  { distribution: "voila", sign: "notebook", line: 'voila --no-browser --Voila.ip=0.0.0.0 --port="$PORT"' },
];

const usual: readonly string[] = ["streamlit_app.py", "app.py", "main.py", "Home.py"];

const fileFor = (tree: SourceTree, { sign }: Runner): string | undefined => {
  if (sign === "notebook") {
    const [only, ...others] = tree.paths.filter((path) => /^[^/]+\.ipynb$/.test(path));
    // Of several it shows a list.
    return others.length > 0 ? "." : only;
  }
  return [...usual, ...tree.paths.filter((path) => /^[\w-]+\.py$/.test(path))].find((path) => sign.test(tree.read(path) ?? ""));
};

/** Undefined where the project asks for none of them, or has no file for it. */
export const runByAnother = (tree: SourceTree, project: Pyproject | undefined): PythonStart | undefined => {
  for (const runner of runners) {
    const path = asksFor(tree, project, runner.distribution) ? fileFor(tree, runner) : undefined;
    if (path === undefined) continue;
    const { line, first } = runner;
    const before = first === undefined ? "" : `${first}\n`;
    return { command: typeof line === "string" ? ["/bin/sh", "-c", `${before}exec ${line} "$@"`, "sh", path] : [...line, path], server: undefined };
  }
  return undefined;
};
