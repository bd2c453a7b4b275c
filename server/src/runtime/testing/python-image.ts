// An artifact for tests in Python: this machine's, where it has one, as its toolchain layer lies, and a small program.
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Home } from "#platform/home.ts";
import { blobFolder, blobPath, layerFolder } from "#platform/oci/layout.ts";
import { makeMachineLayer } from "../sandboxes/machine-layer.ts";

export const needsPython = existsSync("/usr/bin/python3") ? false : "there is no /usr/bin/python3";

const digestOf = (text: string): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;

const writeBlob = (home: Home, value: unknown): { digest: string; size: number } => {
  const text = JSON.stringify(value);
  mkdirSync(blobFolder(home), { recursive: true });
  writeFileSync(blobPath(home, digestOf(text)), text);
  return { digest: digestOf(text), size: text.length };
};

/** Name of the folder of the library. */
const library = (): string => readdirSync("/usr/lib").find((name) => /^python3\.\d+$/.test(name)) ?? "python3";

/** Where an app has its packages. */
export const packages = (): string => `.venv/lib/${library()}/site-packages`;

/** The interpreter with its library, and what modules of that load. */
const makePythonLayer = async (layer: string): Promise<void> => {
  if (existsSync(layer)) return;
  const modules = join("/usr/lib", library(), "lib-dynload");
  const loaded = readdirSync(modules).filter((name) => /^_(?:ssl|hashlib|uuid|bz2|lzma)\./.test(name));
  const programs = { "usr/bin/python3": "/usr/bin/python3", "bin/sh": "/bin/sh", "usr/bin/sh": "/bin/sh" };
  await makeMachineLayer(layer, { ...programs, ...Object.fromEntries(loaded.map((name) => [join(modules, name), join(modules, name)])) });
  const unneeded = /\/(?:test|idlelib|lib2to3|config-[^/]+)(?:\/|$)/;
  cpSync(join("/usr/lib", library()), join(layer, "usr/lib", library()), { recursive: true, verbatimSymlinks: true, filter: (path) => !unneeded.test(path) });
};

/** Stores an artifact of these files of an app, with an environment for its packages, and gives its digest. */
export const storePythonImage = async (home: Home, files: Readonly<Record<string, string>>, args: readonly string[]): Promise<string> => {
  const layers = [digestOf("python"), digestOf(JSON.stringify(files))];
  const [machine = "", app = ""] = layers.map((digest) => layerFolder(home, digest));
  await makePythonLayer(machine);
  mkdirSync(join(app, "app/.venv/bin"), { recursive: true });
  for (const name of ["python3", "python"])
    if (!existsSync(join(app, "app/.venv/bin", name))) symlinkSync("/usr/bin/python3", join(app, "app/.venv/bin", name));
  writeFileSync(join(app, "app/.venv/pyvenv.cfg"), "home = /usr/bin\ninclude-system-site-packages = false\nversion = 3\n");
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(app, "app", path, ".."), { recursive: true });
    writeFileSync(join(app, "app", path), text, { mode: path.includes("/bin/") ? 0o755 : 0o644 });
  }
  const env = ["PATH=/app/.venv/bin:/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "PYTHONUNBUFFERED=1", "PYTHONDONTWRITEBYTECODE=1"];
  const config = writeBlob(home, { config: { Cmd: args, Env: env, WorkingDir: "/app" } });
  const descriptor = (digest: string, size: number) => ({ mediaType: "application/vnd.oci.image.layer.v1.tar", digest, size });
  return writeBlob(home, { config: descriptor(config.digest, config.size), layers: layers.map((digest) => descriptor(digest, 1)) }).digest;
};
