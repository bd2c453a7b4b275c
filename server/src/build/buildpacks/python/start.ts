// How a Python app is started: by which server, or as a script.
import type { Command } from "@slipstream/contract/config.ts";
import type { SourceTree } from "@slipstream/contract/ports/buildpack.ts";
import { inlineScript } from "./inline-metadata.ts";
import { asksFor, type Pyproject } from "./project.ts";
import { runByAnother } from "./run-by-another.ts";

export interface PythonStart {
  command: Command;
  /** The distribution that brings the server, when one is needed. */
  server: "gunicorn" | "uvicorn" | undefined;
}

const asgi =
  /^(\w+)\s*(?::[^=\n]+)?=\s*(?:\w+\.)?(?:FastAPI|Starlette|Litestar|Quart|Sanic|Esmerald|Ravyn|Lilya|AsyncApp|falcon\.asgi\.App|asgi\.App|get_asgi_application)\(/m;
const wsgi = /^(\w+)\s*(?::[^=\n]+)?=\s*(?:\w+\.)?(?:Flask|APIFlask|Bottle|falcon\.App|App\.create|get_wsgi_application)\(/m;
/** A name that others have for what is none. */
const blackSheep = /^(?:from|import) blacksheep\b[\s\S]*?^(\w+)\s*(?::[^=\n]+)?=\s*(?:\w+\.)?Application\(/m;
/** Dash's app is no WSGI app, but has one. */
const dash = /^(server)\s*=\s*\w+\.server\b/m;
/** An app that a function makes: which kind it is, only other lines say. */
const made = /^(\w+)\s*(?::[^=\n]+)?=\s*(?:\w+\.)*(?:create|make|get|build|init)_(?:\w+_)?app(?:lication)?\(/m;
const factory = /^def (create_app|make_app)\(/m;

/** Servers of their own, whose applications are neither: who makes one starts it, too. */
const ownServer = /^\s*(?:from\s+aiohttp\s+import\b.*\bweb\b|import\s+aiohttp\.web\b|(?:from|import)\s+tornado\b)/m;
const aiohttpApp = /^(\w+)\s*(?::[^=\n]+)?=\s*(?:aiohttp\.)?web\.Application\(|^(?:async )?def ((?:create|make|get|build|init)_app)\(/m;

const asgiDistributions: readonly string[] = ["fastapi", "starlette", "litestar", "quart", "sanic"];
const wsgiDistributions: readonly string[] = ["flask", "bottle", "falcon", "django"];

const first: readonly string[] = ["main.py", "app.py", "wsgi.py", "asgi.py", "server.py", "application.py", "api.py", "run.py", "index.py"];
const scripts: readonly string[] = ["main.py", "app.py", "server.py", "run.py", "bot.py", "index.py", "__main__.py"];

/** Files that may hold the app: the usual names at the root, in a package, below src/; then any other module at the root. */
const candidates = (tree: SourceTree): string[] => {
  const usual = tree.paths.filter(
    (path) => path.split("/").length <= 3 && !/(^|\/)(tests?|\.venv|venv)\//.test(path) && first.includes(path.slice(path.lastIndexOf("/") + 1)),
  );
  const rank = (path: string): number => path.split("/").length * 100 + first.indexOf(path.slice(path.lastIndexOf("/") + 1));
  const packages = tree.paths.filter((path) => /^(src\/)?\w+\/__init__\.py$/.test(path));
  const others = tree.paths.filter((path) => /^\w+\.py$/.test(path) && !usual.includes(path));
  return [...usual.sort((a, b) => rank(a) - rank(b)), ...packages, ...others];
};

const moduleOf = (path: string): string =>
  path
    .replace(/^src\//, "")
    .replace(/(\/__init__)?\.py$/, "")
    .replaceAll("/", ".");

/** The shell inside the sandbox puts the port in, and is replaced by the server. */
const gunicorn = (target: string): PythonStart => ({
  command: ["/bin/sh", "-c", `exec gunicorn --threads 4 --bind "0.0.0.0:$PORT" '${target}'`],
  server: "gunicorn",
});
const uvicorn = (target: string): PythonStart => ({ command: ["/bin/sh", "-c", `exec uvicorn --host 0.0.0.0 --port "$PORT" '${target}'`], server: "uvicorn" });
const uvicornFactory = (target: string): PythonStart => ({
  command: ["/bin/sh", "-c", `exec uvicorn --host 0.0.0.0 --port "$PORT" --factory '${target}'`],
  server: "uvicorn",
});

/** Of aiohttp, where the module starts no server itself. */
const aiohttp = (path: string, text: string): PythonStart | undefined => {
  if (!/\baiohttp\b/.test(text) || /\b(?:run_app|AppRunner)\(/.test(text)) return undefined;
  const [, app, factory] = aiohttpApp.exec(text) ?? [];
  const name = app ?? factory;
  if (name === undefined) return undefined;
  const target = `${moduleOf(path)}:${name}`;
  return { command: ["/bin/sh", "-c", `exec gunicorn --worker-class aiohttp.GunicornWebWorker --bind "0.0.0.0:$PORT" '${target}'`], server: "gunicorn" };
};

const asScript = (path: string): PythonStart => ({ command: ["python3", path], server: undefined });

/** A line outside of any condition: whoever imports the module waits there for ever. */
const startsItselfWith = (text: string, app: string): boolean => new RegExp(`^(?:uvicorn|${app})\\.run\\(`, "m").test(text);

/** Flask leaves out such a line when its own command line has loaded the module. */
const wsgiStart = (path: string, text: string, name: string): PythonStart => {
  const start = gunicorn(`${moduleOf(path)}:${name}`);
  if (!startsItselfWith(text, name)) return start;
  if (!/\bFlask\(/.test(text)) return asScript(path);
  return { ...start, command: ["/usr/bin/env", "FLASK_RUN_FROM_CLI=true", ...start.command] };
};

const django = (tree: SourceTree): PythonStart | undefined => {
  const path = tree.paths.includes("manage.py") ? tree.paths.find((each) => /^(src\/)?[\w/]+\/wsgi\.py$/.test(each)) : undefined;
  return path === undefined ? undefined : gunicorn(`${moduleOf(path)}:application`);
};

/** By what the module itself names, else by what the project asks for. */
const isAsgi = (text: string, tree: SourceTree, project: Pyproject | undefined): boolean => {
  if (/\b(FastAPI|Starlette|Litestar|Quart|Sanic)\b/.test(text)) return true;
  const asks = (names: readonly string[]): boolean => names.some((name) => asksFor(tree, project, name));
  return !/\bFlask\b/.test(text) && asks(asgiDistributions) && !asks(wsgiDistributions);
};

const served = (tree: SourceTree, project: Pyproject | undefined): PythonStart | undefined => {
  for (const path of candidates(tree)) {
    const text = tree.read(path) ?? "";
    const name = (asgi.exec(text) ?? blackSheep.exec(text))?.[1];
    if (name !== undefined) return startsItselfWith(text, name) ? asScript(path) : uvicorn(`${moduleOf(path)}:${name}`);
    const other = (wsgi.exec(text) ?? dash.exec(text))?.[1];
    if (other !== undefined) return wsgiStart(path, text, other);
    if (ownServer.test(text)) {
      const own = aiohttp(path, text);
      if (own !== undefined) return own;
      continue;
    }
    const app = made.exec(text)?.[1];
    if (app !== undefined) return (isAsgi(text, tree, project) ? uvicorn : gunicorn)(`${moduleOf(path)}:${app}`);
    const make = factory.exec(text)?.[1];
    if (make !== undefined) return isAsgi(text, tree, project) ? uvicornFactory(`${moduleOf(path)}:${make}`) : gunicorn(`${moduleOf(path)}:${make}()`);
  }
  return undefined;
};

/** Scripts at the top that do something when they are run themselves. */
export const runnable = (tree: SourceTree): string[] =>
  tree.paths.filter((path) => /^[\w-]+\.py$/.test(path) && !notApps.test(path) && startsItself.test(tree.read(path) ?? ""));
const notApps = /^(?:setup|manage|conftest|tasks|fabfile|noxfile|gunicorn\.conf|test_\w+|\w+_test)\.py$/;
const startsItself = /__name__ == ['"]__main__['"]|\bserve_forever\(|^(?:\w+\.)?run\(/m;

/** A package that is run by its name. */
const runnablePackages = (tree: SourceTree): string[] => tree.paths.flatMap((path) => /^(?:src\/)?(\w+)\/__main__\.py$/.exec(path)?.[1] ?? []);

/** One that says what it needs; the usual names; else the only one that there is. */
const script = (tree: SourceTree): PythonStart | undefined => {
  const path =
    inlineScript(tree)?.path ?? scripts.find((each) => tree.paths.includes(each)) ?? ["src/main.py", "src/app.py"].find((each) => tree.paths.includes(each));
  if (path !== undefined) return { command: ["python3", path], server: undefined };
  const [name, ...packages] = runnablePackages(tree);
  if (name !== undefined && packages.length === 0) return { command: ["python3", "-m", name], server: undefined };
  const [only, ...others] = runnable(tree);
  return only === undefined || others.length > 0 ? undefined : { command: ["python3", only], server: undefined };
};

/** Undefined when nothing in the tree tells. */
export const impliedStart = (tree: SourceTree, project: Pyproject | undefined): PythonStart | undefined =>
  django(tree) ?? served(tree, project) ?? runByAnother(tree, project) ?? script(tree);
