// The lowest layer of every artifact: a shell, ordinary commands, their libraries, certificates and names, from this machine.
import { existsSync, statSync } from "node:fs";
import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { librariesOf } from "#platform/libraries.ts";
import { copyMachineFile } from "./machine-files.ts";

const formatVersion = 5;

const commands = `sh bash env ls cat cp mv rm mkdir rmdir ln chmod chown touch date echo printf true false test expr head tail sort uniq wc tr cut tee
  sleep basename dirname readlink realpath id whoami uname hostname mktemp nproc stat du df md5sum sha256sum base64 sed grep egrep awk find xargs
  tar gzip gunzip seq timeout kill nice stty pwd which comm paste od split dd ps`.split(/\s+/);

/** Libraries that programs load by name while they run. */
const loaded = [
  "libnss_files.so.2",
  "libnss_dns.so.2",
  "libresolv.so.2",
  "libpthread.so.0",
  "libdl.so.2",
  "librt.so.1",
  "libm.so.6",
  "libutil.so.1",
  "libgcc_s.so.1",
  "libstdc++.so.6",
  // Binaries that packages bring prebuilt are linked to these: Prisma's engines look for the first to know which one to fetch.
  "libssl.so.3",
  "libssl.so.1.1",
  "libcrypto.so.3",
  "libcrypto.so.1.1",
  "libz.so.1",
];

const folders = [
  "app",
  "tmp",
  "var/tmp",
  "proc",
  "dev",
  "sys",
  "run/secrets",
  "etc/ssl/certs",
  "cache",
  "scratch",
  "opt",
  "usr/bin",
  "usr/sbin",
  "usr/lib",
  "usr/lib64",
  "usr/local/bin",
];

export const certificateBundle = "/etc/ssl/certs/ca-certificates.crt";
/** Installers of prebuilt binaries choose by it. */
const release = "/etc/os-release";
const zones = "/usr/share/zoneinfo";
/** Others than those that programs ask for: the same ones in other clocks, and the machine's own. */
const otherZones = /\/(posix|right|localtime|posixrules)$/;
const utf8Locale = "/usr/lib/locale/C.utf8";

const texts: Readonly<Record<string, string>> = {
  "etc/passwd": "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000:app:/tmp:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n",
  "etc/group": "root:x:0:\napp:x:1000:\nnogroup:x:65534:\n",
  "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
  "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
  "etc/hostname": "app\n",
  "etc/resolv.conf": "",
};

const findCommand = (name: string): string | undefined =>
  ["/usr/bin", "/bin", "/usr/sbin", "/sbin"].map((folder) => `${folder}/${name}`).find((path) => existsSync(path));

const libraryFolders = (): string[] => {
  const triplet = process.arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
  return [`/lib/${triplet}`, `/usr/lib/${triplet}`, "/lib64", "/usr/lib64"];
};
const findLibrary = (name: string): string | undefined =>
  libraryFolders()
    .map((folder) => `${folder}/${name}`)
    .find((path) => existsSync(path));

const stamp = (path: string | undefined): string =>
  path !== undefined && existsSync(path) ? `${path}:${statSync(path).size}:${statSync(path).mtimeMs}` : "none";

/** Changes when the machine's libraries, shell or certificates do. */
export const baseKey = (): string =>
  [formatVersion, ...["libc.so.6", "libstdc++.so.6", "libssl.so.3"].map(findLibrary).map(stamp), stamp("/bin/sh"), stamp(certificateBundle)].join("|");

/** Makes the files of the base layer in an empty folder. */
export const makeBase = async (root: string): Promise<void> => {
  for (const folder of folders) await mkdir(join(root, folder), { recursive: true, mode: 0o755 });
  for (const name of ["bin", "sbin", "lib", "lib64"]) await symlink(`usr/${name}`, join(root, name));
  for (const [path, text] of Object.entries(texts)) await writeFile(join(root, path), text);
  const programs = commands.flatMap((name) => findCommand(name) ?? []);
  const byName = loaded.flatMap((name) => findLibrary(name) ?? []);
  const libraries = [...(await librariesOf([...programs, ...byName])), ...byName];
  for (const path of programs) await copyMachineFile(path, root, `/usr/bin/${path.slice(path.lastIndexOf("/") + 1)}`);
  for (const path of libraries) await copyMachineFile(path, root);
  for (const path of [certificateBundle, release]) if (existsSync(path)) await copyMachineFile(path, root);
  if (existsSync(zones)) {
    await cp(zones, join(root, zones), { recursive: true, verbatimSymlinks: true, filter: (path) => !otherZones.test(path) });
    await symlink("../usr/share/zoneinfo/UTC", join(root, "etc/localtime"));
  }
  if (existsSync(utf8Locale)) await cp(utf8Locale, join(root, utf8Locale), { recursive: true });
};
