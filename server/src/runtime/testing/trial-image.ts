// Artifacts for tests: this machine's Node with its libraries, or workerd, and a small program. Their layers are made of links, so they cost nothing.
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { rootCertificates } from "node:tls";
import { type FunctionBundle, functionBundleFile } from "@slipstream/contract/ports/function-bundle.ts";
import type { Home } from "#platform/home.ts";
import { blobFolder, blobPath, layerFolder } from "#platform/oci/layout.ts";
import { makeMachineLayer } from "../sandboxes/machine-layer.ts";

const digestOf = (text: string): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;

const programs = { "bin/node": process.execPath, "bin/sh": "/bin/sh", "bin/mount": "/bin/mount", "bin/unshare": "/usr/bin/unshare" };

const writeBlob = (home: Home, value: unknown): { digest: string; size: number } => {
  const text = JSON.stringify(value);
  const digest = digestOf(text);
  mkdirSync(blobFolder(home), { recursive: true });
  writeFileSync(blobPath(home, digest), text);
  return { digest, size: text.length };
};

interface Contents {
  /** Names the layer of programs. */
  machine: string;
  programs: Readonly<Record<string, string>>;
  /** Files beside them. */
  files?: Readonly<Record<string, string>>;
  /** Files of /app. */
  app: Readonly<Record<string, string>>;
  config: { Cmd: readonly string[]; Env: readonly string[] };
}

const writeFiles = (folder: string, files: Readonly<Record<string, string>>): void => {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
};

const store = async (home: Home, { machine, programs: those, files = {}, app, config }: Contents): Promise<string> => {
  const layers = [digestOf(machine), digestOf(JSON.stringify(app))];
  const [below = "", top = ""] = layers.map((digest) => layerFolder(home, digest));
  await makeMachineLayer(below, those);
  writeFiles(below, files);
  writeFiles(join(top, "app"), app);
  const blob = writeBlob(home, { config: { ...config, WorkingDir: "/app" } });
  const descriptor = (digest: string, size: number) => ({ mediaType: "application/vnd.oci.image.layer.v1.tar", digest, size });
  return writeBlob(home, { config: descriptor(blob.digest, blob.size), layers: layers.map((digest) => descriptor(digest, 1)) }).digest;
};

/** Stores an artifact of `program` (the text of a Node program) and gives its digest. */
export const storeImage = (home: Home, program: string, args: readonly string[] = ["node", "/app/server.js"]): Promise<string> => {
  const config = { Cmd: args, Env: ["PATH=/bin", "NODE_ENV=production", "FROM=image"] };
  return store(home, { machine: "machine", programs, app: { "server.js": program }, config });
};

const require = createRequire(import.meta.url);
const workerdProgram = (): string => require.resolve(`@cloudflare/workerd-linux-${process.arch === "arm64" ? "arm64" : "64"}/bin/workerd`);

/** Stores an artifact of a function, whose module is `code`, as the build leaves it. */
export const storeFunction = (home: Home, code: string, more: Partial<FunctionBundle> = {}): Promise<string> => {
  const bundle: FunctionBundle = {
    compatibilityDate: "2026-11-01",
    compatibilityFlags: [],
    modules: [{ name: "function", kind: "esModule", file: "function.mjs" }],
    process: "shared",
    ...more,
  };
  const config = { Cmd: ["/bin/sh", "/opt/function/start.sh"], Env: ["PATH=/bin"] };
  const app = { [functionBundleFile]: JSON.stringify(bundle), "function.mjs": code };
  const files = { "etc/ssl/cert.pem": rootCertificates.join("\n") };
  return store(home, { machine: "functions", programs: { "bin/sh": "/bin/sh", "usr/local/bin/workerd": workerdProgram() }, files, app, config });
};
