// An artifact for tests: this machine's Node with its libraries, and a small program. Its layers are made of links, so it costs nothing.
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
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

/** Stores an artifact of `program` (the text of a Node program) and gives its digest. */
export const storeImage = async (home: Home, program: string, args: readonly string[] = ["node", "/app/server.js"]): Promise<string> => {
  const layers = [digestOf("machine"), digestOf(program)];
  const [machine = "", app = ""] = layers.map((digest) => layerFolder(home, digest));
  await makeMachineLayer(machine, programs);
  mkdirSync(join(app, "app"), { recursive: true });
  writeFileSync(join(app, "app", "server.js"), program);
  const config = writeBlob(home, { config: { Cmd: args, Env: ["PATH=/bin", "NODE_ENV=production", "FROM=image"], WorkingDir: "/app" } });
  const descriptor = (digest: string, size: number) => ({ mediaType: "application/vnd.oci.image.layer.v1.tar", digest, size });
  return writeBlob(home, { config: descriptor(config.digest, config.size), layers: layers.map((digest) => descriptor(digest, 1)) }).digest;
};
