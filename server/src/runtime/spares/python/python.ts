// Python: `python3 FILE …`, `python3 -m MODULE …`, or a program that a package of the app brings, which is a script too. What of these is not as
// it seems, `wait.py` finds out once the app is there, and starts it anew in its place.
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { SandboxKind } from "@slipstream/contract/words.ts";
import type { Layers, Program, WaitingRuntime } from "../waiting-runtime.ts";
import { shellBegins } from "./shell-line.ts";

/** Where every artifact of ours has Python, and what its app needs of it. */
const interpreter = "/usr/bin/python3";
const environment = "/app/.venv";

/** Where what waits has an environment: it looks for one as it starts, and gVisor keeps what was looked for at /app before the app is there. */
const waitsIn: Readonly<Record<SandboxKind, string>> = { runc: environment, gvisor: "/run/python" };

const isPython = (program: string): boolean => /^(?:\/usr\/bin\/|\/app\/\.venv\/bin\/)?python3?$/.test(program);

/** Of these nothing hangs on the app. */
const early = "PYTHON(?:DONTWRITEBYTECODE|FAULTHANDLER|HASHSEED|IOENCODING|NOUSERSITE|PATH|UNBUFFERED|UTF8)$";

/** Each from the root on: others are looked for where a program is begun. */
const areAbsolute = (folders = "/"): boolean => folders.split(":").every((folder) => folder.startsWith("/"));

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/** Bash leaves more behind than dash does. */
const isBash = (layer: string): boolean => existsSync(join(layer, "usr/bin/sh")) && sizeOf(join(layer, "usr/bin/sh")) === sizeOf(join(layer, "usr/bin/bash"));

const begins = (program: Program, { below, app }: Layers): boolean => {
  const [command = ""] = shellBegins(program)?.args ?? [];
  if (program.args[0] === "/bin/sh" && below.some(isBash)) return false;
  if (isPython(command)) return true;
  const brought = command.startsWith(`${environment}/bin/`) ? basename(command) : command;
  return brought !== "" && !brought.includes("/") && app.some((layer) => existsSync(join(layer, environment, "bin", brought)));
};

let text: string | undefined;

export const python: WaitingRuntime = {
  early: new RegExp(`^${early}`),
  unfit: new RegExp(`^(?!${early})PYTHON`),
  commandFor(program, layers, kind) {
    const { below, app } = layers;
    if (!below.some((layer) => existsSync(join(layer, interpreter))) || !areAbsolute(program.env.PYTHONPATH) || !begins(program, layers)) return undefined;
    return app.some((layer) => existsSync(join(layer, environment, "pyvenv.cfg"))) ? `${waitsIn[kind]}/bin/python3` : interpreter;
  },
  told: (program) => shellBegins(program) ?? program,
  file: "wait.py",
  text() {
    text ??= readFileSync(join(import.meta.dirname, "wait.py"), "utf8");
    return text;
  },
  /** By the file beside its program Python knows, when it starts, that it is the one of an environment. */
  pretend(layer, command) {
    if (command === interpreter) return;
    const bin = dirname(join(layer, command));
    mkdirSync(bin, { recursive: true, mode: 0o755 });
    symlinkSync(interpreter, join(layer, command));
    writeFileSync(join(bin, "../pyvenv.cfg"), "home = /usr/bin\ninclude-system-site-packages = false\n", { mode: 0o644 });
  },
};
