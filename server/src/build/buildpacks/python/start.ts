// How a Python app is started: by which server, or as a script.
import type { Command } from "@slipstream/contract/config.ts";
import type { SourceTree } from "@slipstream/contract/ports/buildpack.ts";

export interface PythonStart {
  command: Command;
  /** The distribution that brings the server, when one is needed. */
  server: "gunicorn" | "uvicorn" | undefined;
}

const asgi = /^(\w+)\s*(?::[^=\n]+)?=\s*(?:\w+\.)?(?:FastAPI|Starlette|Litestar|Quart|Sanic)\(/m;
const wsgi = /^(\w+)\s*(?::[^=\n]+)?=\s*(?:\w+\.)?(?:Flask|Bottle|falcon\.App|App\.create|get_wsgi_application|create_app)\(/m;
const factory = /^def (create_app|make_app)\(/m;

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

const django = (tree: SourceTree): PythonStart | undefined => {
  const path = tree.paths.includes("manage.py") ? tree.paths.find((each) => /^(src\/)?[\w/]+\/wsgi\.py$/.test(each)) : undefined;
  return path === undefined ? undefined : gunicorn(`${moduleOf(path)}:application`);
};

const served = (tree: SourceTree): PythonStart | undefined => {
  for (const path of candidates(tree)) {
    const text = tree.read(path) ?? "";
    const name = asgi.exec(text)?.[1];
    if (name !== undefined) return uvicorn(`${moduleOf(path)}:${name}`);
    const other = wsgi.exec(text)?.[1];
    if (other !== undefined) return gunicorn(`${moduleOf(path)}:${other}`);
    const make = factory.exec(text)?.[1];
    if (make !== undefined) return gunicorn(`${moduleOf(path)}:${make}()`);
  }
  return undefined;
};

const script = (tree: SourceTree): PythonStart | undefined => {
  const path = scripts.find((each) => tree.paths.includes(each)) ?? ["src/main.py", "src/app.py"].find((each) => tree.paths.includes(each));
  return path === undefined ? undefined : { command: ["python3", path], server: undefined };
};

/** Undefined when nothing in the tree tells. */
export const impliedStart = (tree: SourceTree): PythonStart | undefined => django(tree) ?? served(tree) ?? script(tree);
