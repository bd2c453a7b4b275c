// Python from the packages of the machine's own release: downloaded by apt, which verifies them, and unpacked without being installed.
import { existsSync, readdirSync } from "node:fs";
import { cp, mkdir, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SlipError } from "@slipstream/contract/errors.ts";
import semver from "semver";
import { type ExecResult, exec, execOrThrow } from "#platform/exec.ts";
import type { Home } from "#platform/home.ts";
import { temporaryPath } from "#platform/oci/layout.ts";

const formatVersion = 2;
export const pythonKey = (version: string): string => `python ${formatVersion} ${version}`;

const downloadMs = 300_000;

/** What the base layer brings, or what only an installation needs. */
const unneeded =
  /^(libc6|libc-bin|gcc-\d+-base|libgcc-s1|libstdc\+\+6|tar|dpkg|debconf|perl-base|libselinux1|libpcre2-8-0|libacl1|libattr1|libmd0|ca-certificates|openssl|media-types|readline-common|libtirpc-common)_/;
const unneededFolders = [
  "usr/share/doc",
  "usr/share/man",
  "usr/share/lintian",
  "usr/share/menu",
  "usr/share/pixmaps",
  "usr/share/applications",
  "usr/share/bug",
  "usr/share/doc-base",
  "var",
  "etc",
];

interface Folders {
  archives: string;
  lists: string | undefined;
  status: string;
  cache: string;
}

const aptArguments = ({ archives, lists, status, cache }: Folders): string[] =>
  [
    `Dir::State::status=${status}`,
    `Dir::Cache=${cache}`,
    `Dir::Cache::archives=${archives}`,
    ...(lists === undefined ? [] : [`Dir::State::lists=${lists}`]),
    "APT::Sandbox::User=root",
  ].flatMap((option) => ["-o", option]);

const download = (folders: Folders): Promise<ExecResult> =>
  exec(["apt-get", "-q", "-y", ...aptArguments(folders), "--no-install-recommends", "--download-only", "install", "python3", "python3-venv"], {
    timeoutMs: downloadMs,
  });

/** With the machine's lists of packages; where they are missing or old, with fresh ones of our own. */
const fetchPackages = async (temporary: string): Promise<string> => {
  const folders = { archives: join(temporary, "archives"), lists: undefined, status: join(temporary, "status"), cache: join(temporary, "cache") };
  for (const folder of [join(folders.archives, "partial"), folders.cache]) await mkdir(folder, { recursive: true });
  await writeFile(folders.status, "");
  const first = await download(folders).catch(() => undefined);
  if (first === undefined) throw new SlipError("toolchain_unavailable", "Python comes from the packages of Debian or Ubuntu, and this machine has no apt-get.");
  if (first.code === 0) return folders.archives;
  const own = { ...folders, lists: join(temporary, "lists") };
  await mkdir(join(own.lists, "partial"), { recursive: true });
  await exec(["apt-get", "-q", ...aptArguments(own), "update"], { timeoutMs: downloadMs });
  const second = await download(own);
  if (second.code === 0) return folders.archives;
  throw new SlipError("toolchain_unavailable", "The packages of Python could not be downloaded.", { evidence: second.stderr.trim().split("\n").slice(-5) });
};

/** Packages may still hold /lib and /bin, which are links into /usr in every layer. */
const mergeIntoUsr = async (root: string): Promise<void> => {
  for (const name of ["bin", "sbin", "lib", "lib64"]) {
    if (!existsSync(join(root, name))) continue;
    await cp(join(root, name), join(root, "usr", name), { recursive: true, verbatimSymlinks: true });
    await rm(join(root, name), { recursive: true });
  }
};

/** PEP 440 as a range of semver: what cannot be said in it is left out, and pip will still see to it. */
export const rangeOf = (specifier: string): string => {
  const parts = specifier
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "" && !part.startsWith("!="))
    .map((part) =>
      part
        .replace(/^===?\s*/, "")
        .replace(/^~=\s*(\d+)\.(\d+)$/, "^$1.$2")
        .replace(/^~=\s*(\d+\.\d+)\.(\d+)$/, "~$1.$2")
        .replace(".*", ".x"),
    );
  return semver.validRange(parts.join(" ")) ?? "*";
};

/** Runs the unpacked Python as it lies there: isolated from the machine's own, and leaving no compiled files by itself. */
const runPython = (root: string, words: readonly string[]): Promise<string> =>
  execOrThrow([join(root, "usr/bin/python3"), "-I", "-S", "-B", ...words], {
    env: {
      PYTHONHOME: join(root, "usr"),
      LD_LIBRARY_PATH: ["x86_64-linux-gnu", "aarch64-linux-gnu"].map((triplet) => join(root, "usr/lib", triplet)).join(":"),
    },
    timeoutMs: downloadMs,
  });

const versionOf = async (root: string): Promise<string> => (await runPython(root, ["-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"])).trim();

/** Layers are read-only: what is not compiled here would be compiled at every start. Its validity does not hang on times, which layers do not keep. */
const compileLibrary = async (root: string): Promise<void> => {
  const library = readdirSync(join(root, "usr/lib")).find((name) => /^python3\.\d+$/.test(name)) ?? "python3";
  const words = [
    "-m",
    "compileall",
    "-q",
    "-j",
    "2",
    "--invalidation-mode",
    "unchecked-hash",
    "-s",
    root,
    "-p",
    "/",
    "-x",
    "/(test|idlelib|lib2to3|tkinter|turtledemo)/",
  ];
  await runPython(root, [...words, join(root, "usr/lib", library)]);
};

const addNames = async (root: string): Promise<void> => {
  await mkdir(join(root, "usr/local/bin"), { recursive: true });
  await symlink("/usr/bin/python3", join(root, "usr/local/bin/python"));
  const wheels = join(root, "usr/share/python-wheels");
  const wheel = existsSync(wheels) ? readdirSync(wheels).find((name) => name.startsWith("pip-")) : undefined;
  if (wheel === undefined) throw new SlipError("toolchain_unavailable", "The packages of Python bring no pip.");
  await mkdir(join(root, "opt"), { recursive: true });
  await symlink(`/usr/share/python-wheels/${wheel}`, join(root, "opt/pip.whl"));
};

const unpack = async (archives: string, root: string): Promise<void> => {
  for (const name of (await readdir(archives)).filter((each) => each.endsWith(".deb") && !unneeded.test(each)).sort((a, b) => (a < b ? -1 : 1)))
    await execOrThrow(["dpkg-deb", "-x", join(archives, name), root]);
  for (const folder of unneededFolders) await rm(join(root, folder), { recursive: true, force: true });
  await mergeIntoUsr(root);
};

/** The same in the words of each file that may ask for another. */
const askFor = (has: string): string => {
  const minor = has.split(".").slice(0, 2).join(".");
  return `Ask for a version that ${has} fits: requires-python = ">=${minor}" in pyproject.toml, ${minor} in .python-version, or python-${minor} in runtime.txt.`;
};

/** Makes the files of Python in an empty folder. Throws `toolchain_unavailable` when the release has no version that fits. */
export const makePython = async (home: Home, root: string, version: string): Promise<void> => {
  const temporary = temporaryPath(home);
  try {
    await unpack(await fetchPackages(temporary), root);
    const has = await versionOf(root);
    if (version !== "default" && !semver.satisfies(has, rangeOf(version)))
      throw new SlipError("toolchain_unavailable", `The app asks for Python ${version}; the packages of this machine's release bring ${has}.`, {
        cause: `There is one Python here, ${has}.`,
        next: askFor(has),
      });
    await compileLibrary(root);
    await addNames(root);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
};
