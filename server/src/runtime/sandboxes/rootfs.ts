// The root of a sandbox: the image's layers as one overlay, between a top that holds the platform's own files and a bottom that
// holds the places where something is mounted. So nothing is copied, and an image need not have those places.
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { exec, execOrThrow } from "#platform/exec.ts";
import type { Kernel, MountFlag } from "../kernel/kernel.ts";

export interface RootPlan {
  /** Folder of the bundle; the root appears at `root` in it. */
  bundle: string;
  layers: readonly string[];
  overlay: { upper: string; work: string } | undefined;
  mounts: readonly { source: string; destination: string }[];
  /** Files on top of the image: path from the root, and text. */
  files: Readonly<Record<string, string>>;
}

const systemFolders = ["proc", "sys", "dev", "tmp", "run", "app"];

export const hostsPath = "etc/hosts";

export const hostsText = ({ hostname, address }: { hostname: string; address: string }): string => `127.0.0.1 localhost\n${address} ${hostname}\n`;

/** The files of every sandbox: who it is, and whom it asks for names. */
export const platformFiles = (input: { uid: number; hostname: string; address: string; resolvConf: string }): Record<string, string> => ({
  "etc/passwd": `root:x:0:0:root:/root:/bin/sh\napp:x:${input.uid}:${input.uid}:app:/tmp:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n`,
  "etc/group": `root:x:0:\napp:x:${input.uid}:\nnogroup:x:65534:\n`,
  [hostsPath]: hostsText(input),
  "etc/hostname": `${input.hostname}\n`,
  "etc/resolv.conf": input.resolvConf,
});

const isFolder = (path: string): boolean => statSync(path).isDirectory();

const makePlaces = (bottom: string, mounts: RootPlan["mounts"]): void => {
  for (const folder of systemFolders) mkdirSync(join(bottom, folder), { recursive: true });
  for (const { source, destination } of mounts) {
    const place = join(bottom, destination);
    mkdirSync(isFolder(source) ? place : dirname(place), { recursive: true });
    if (!isFolder(source)) writeFileSync(place, "", { flag: "a" });
  }
};

/** /tmp is named here too: what is mounted over a folder takes on its mode, and that of the topmost layer counts. */
const makeTop = (top: string, files: RootPlan["files"]): void => {
  mkdirSync(join(top, "tmp"), { recursive: true });
  chmodSync(join(top, "tmp"), 0o1777);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(top, path)), { recursive: true });
    writeFileSync(join(top, path), text, { mode: 0o644 });
  }
};

/** What is written must be whole in the upper folder, which becomes a layer: no folder that only points to where it was below. */
const wholeUpper = ["upperdir=upper", "workdir=work", "redirect_dir=off", "metacopy=off"];

/** An option of the overlay. Layers are named by short links, so their number and the characters of their paths do not matter. */
const lowerFolders = (names: readonly string[]): string => `lowerdir=${names.join(":")}`;

const linksOf = (bundle: string): string => join(bundle, "layers");

export const rootOf = (bundle: string): string => join(bundle, "root");

/** Writes one of the platform's own files anew, in a root that is mounted: where nobody has looked at it yet. */
export const changeFile = (bundle: string, path: string, text: string): void => writeFileSync(join(linksOf(bundle), "top", path), text);

const linkLayers = (links: string, layers: readonly string[]): void => {
  for (const [index, layer] of layers.entries()) symlinkSync(layer, join(links, `${index}`));
};

/** Mounts the root at its place in the bundle. */
export const mountRoot = async (kernel: Kernel, plan: RootPlan): Promise<void> => {
  const { bundle, layers, overlay } = plan;
  const links = linksOf(bundle);
  for (const folder of [links, rootOf(bundle)]) mkdirSync(folder, { recursive: true });
  makePlaces(join(links, "bottom"), plan.mounts);
  makeTop(join(links, "top"), plan.files);
  linkLayers(links, layers);
  for (const [name, path] of Object.entries(overlay ?? {})) symlinkSync(path, join(links, name));
  const names = ["top", ...layers.map((_, index) => `${layers.length - 1 - index}`), "bottom"];
  await (overlay === undefined ? mountLayers(kernel, { links, names }) : mountWritable(links, names));
};

/** It waits for the disk that the upper folder is on. */
const mountWritable = (links: string, names: readonly string[]): Promise<string> =>
  execOrThrow(["mount", "-t", "overlay", "-o", [...wholeUpper, lowerFolders(names)].join(","), "overlay", "../root"], { cwd: links });

interface Layering {
  links: string;
  /** Highest first. */
  names: readonly string[];
  at?: string;
  flags?: readonly MountFlag[];
}

const mountLayers = (kernel: Kernel, { links, names, at = "../root", flags = ["ro"] }: Layering): Promise<void> =>
  kernel.mount({ from: links, type: "overlay", target: at, flags, data: lowerFolders(names) });

/** Mounts a root without an upper folder, which is not mounted, once more: of the folders of its layers that are there now. */
export const mountRootAgain = async (kernel: Kernel, bundle: string): Promise<void> => {
  const links = linksOf(bundle);
  await mountLayers(kernel, { links, names: ["top", ...linkedLayers(links).sort((a, b) => Number(b) - Number(a)), "bottom"] });
};

const linkedLayers = (links: string): string[] => readdirSync(links).filter((name) => /^\d+$/.test(name));

/** What the layers of a root are at this moment: a folder that was made anew is another one, also where it has the name of one before. */
export const layersNow = (bundle: string): string =>
  linkedLayers(linksOf(bundle))
    .map((name) => {
      const folder = statSync(join(linksOf(bundle), name), { throwIfNoEntry: false });
      return `${name}:${folder?.dev}:${folder?.ino}`;
    })
    .join(" ");

/** From the next mount on the root is of these layers, lowest first. */
export const changeLayers = (bundle: string, layers: readonly string[]): void => {
  const links = linksOf(bundle);
  for (const name of linkedLayers(links)) rmSync(join(links, name));
  linkLayers(links, layers);
};

/** Lets those who follow the root see what is mounted in it from here on (mount_namespaces(7)). */
export const shareRoot = (bundle: string): Promise<string> => execOrThrow(["mount", "--make-shared", rootOf(bundle)]);

/** Mounts the /app of these layers, lowest first, in the root, over an empty one. */
export const mountApp = async (kernel: Kernel, bundle: string, layers: readonly string[]): Promise<void> => {
  const links = join(bundle, "app-layers");
  mkdirSync(join(links, "bottom"), { recursive: true });
  for (const [index, layer] of layers.entries()) symlinkSync(join(layer, "app"), join(links, `${index}`));
  const names = [...layers.map((_, index) => `${layers.length - 1 - index}`), "bottom"];
  await mountLayers(kernel, { links, names, at: "../root/app", flags: ["ro", "nosuid", "nodev"] });
};

export const isMounted = (path: string): boolean => readFileSync("/proc/self/mountinfo", "utf8").includes(` ${path} `);

/**
 * Takes the root away. Absent is fine; one that is still in use goes when its last user has. Rejects when it is still there: who
 * then deleted the bundle would delete through it.
 */
export const unmountRoot = async (bundle: string): Promise<void> => {
  const root = rootOf(bundle);
  const { stderr } = await exec(["umount", "-l", root]);
  if (isMounted(root)) throw new Error(`${root} could not be unmounted: ${stderr.trim()}`);
};
