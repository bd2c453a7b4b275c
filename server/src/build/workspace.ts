// The folders of one build while it is made, and what they leave behind: nothing.
import { chmod, chown, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { removeTree } from "#platform/files.ts";
import type { Home } from "#platform/home.ts";

export interface Workspace {
  /** Overlay of the install step. */
  install: { upper: string; work: string };
  /** Overlay of the build step. */
  build: { upper: string; work: string };
  /** The app layer in the making; what is in it is below app/. */
  layer: string;
  /** Home and temporary files of the programs of a build: on disk, because memory is the build's. */
  scratch: string;
  /** In memory only. */
  secrets: string;
}

export const workspacesFolder = (home: Home): string => join(home.cache, "builds");
export const buildSecretsFolder = (home: Home): string => join(home.run, "build-secrets");
/** Ids come from our own processes; the name of a folder is made of them all the same only when they are plain. */
const folderName = (id: string): string => (/^[\w-]{1,80}$/.test(id) ? id : Buffer.from(id).toString("hex").slice(0, 160));

export const workspaceAt = (home: Home, id: string): Workspace => {
  const root = join(workspacesFolder(home), folderName(id));
  const overlay = (name: string) => ({ upper: join(root, name, "upper"), work: join(root, name, "work") });
  return {
    install: overlay("install"),
    build: overlay("build"),
    layer: join(root, "layer"),
    scratch: join(root, "scratch"),
    secrets: join(buildSecretsFolder(home), folderName(id)),
  };
};

/** Folders for a program that runs as `owner`: it may write in the overlay's app/ and in scratch, and read the secrets. */
export const prepareOverlay = async (overlay: { upper: string; work: string }, owner: number): Promise<string> => {
  const app = join(overlay.upper, "app");
  for (const folder of [overlay.work, overlay.upper, app]) await mkdir(folder, { recursive: true, mode: 0o755 });
  await chown(app, owner, owner);
  return app;
};

/** Made anew for each step: in the folders of the last one its program may have put links for us to follow. */
export const prepareScratch = async ({ scratch }: Workspace, owner: number): Promise<void> => {
  await removeTree(scratch);
  for (const name of ["", "home", "tmp"]) {
    await mkdir(join(scratch, name), { recursive: true, mode: 0o700 });
    await chown(join(scratch, name), owner, owner);
  }
};

export const prepareSecrets = async ({ secrets }: Workspace, values: Readonly<Record<string, string>>, owner: number): Promise<void> => {
  await mkdir(secrets, { recursive: true, mode: 0o700 });
  await chown(secrets, owner, owner);
  for (const [name, value] of Object.entries(values)) {
    const path = join(secrets, name);
    await writeFile(path, value, { mode: 0o400 });
    await chmod(path, 0o400);
    await chown(path, owner, owner);
  }
};

export const removeWorkspace = async (home: Home, id: string): Promise<void> => {
  const { secrets } = workspaceAt(home, id);
  await rm(secrets, { recursive: true, force: true });
  await removeTree(join(workspacesFolder(home), folderName(id)));
};
