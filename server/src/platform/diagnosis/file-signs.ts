// Signs of files that cannot be written, are too large, or are not there.
import { limit } from "@slipstream/contract/limits.ts";
import type { Sign, Surroundings } from "./sign.ts";

const megabytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MB`;
const path = "['\"]([\\w@./+-]{1,200})['\"]";

const unwritable: Sign["read"] = ([file]) => ({
  cause: `The program writes to ${file ?? "its own files"}, and the files of an app are read-only: only /tmp can be written.`,
  actions: [`Write below /tmp instead (${megabytes(limit("tmpBytes"))}, gone with the instance), or keep what has to stay in a database.`],
});

const memoryDisk = ({ during }: Surroundings) =>
  during === "run"
    ? {
        cause: `/tmp of the program is full: it holds ${megabytes(limit("tmpBytes"))}.`,
        actions: ["Remove files in /tmp that are not needed any more, or write less there."],
      }
    : {
        // A disk that fills ends a build before its programs hear of it.
        cause: `/tmp of the build is full: it holds ${megabytes(limit("buildTmpBytes"))}, in memory.`,
        actions: ["Write to the folder in the TMPDIR variable, or below /app: these are on the disk."],
      };

export const fileSigns: readonly Sign[] = [
  { during: ["run"], pattern: new RegExp(`\\bEROFS: read-only file system, \\w+ ${path}`), read: unwritable },
  { during: ["run"], pattern: new RegExp(`\\[Errno 30\\] Read-only file system(?:: ${path})?`), read: unwritable },
  {
    during: ["run"],
    // Whatever is in an artifact may be read by all: what is refused is writing.
    pattern:
      /\b(?:EACCES: permission denied, (?:open|mkdir|unlink|rename|copyfile|rmdir|symlink)|ENOENT: no such file or directory, mkdir) ['"]((?!\/(?:tmp|proc|dev)\/)[\w@./+-]{1,200})['"]/,
    read: unwritable,
  },
  { during: ["run"], pattern: /\bPermissionError: \[Errno 13\] Permission denied: ['"]((?!\/(?:tmp|proc|dev)\/)[\w@./+-]{1,200})['"]/, read: unwritable },
  {
    during: ["run"],
    pattern:
      /\bSQLITE_CANTOPEN\b|\b(?:OperationalError|DatabaseError|SqliteError)[^\n]{0,40}: unable to open database file|attempt to write a readonly database/,
    read: () => ({
      cause: "The program opens a database of SQLite in a folder that it may not write to: only /tmp can be written.",
      actions: [
        `Keep what has to stay in a database that is reached by its address, given as a secret; below /tmp, a file is gone with the instance (${megabytes(limit("tmpBytes"))}).`,
      ],
    }),
  },
  {
    pattern: /\bENOSPC: no space|\bcode:? '?ENOSPC\b|\[Errno 28\] No space left on device|: No space left on device$/m,
    read: (_, around) => memoryDisk(around),
  },
  {
    pattern: new RegExp(
      `\\bENOENT: no such file or directory, (?:open|stat|lstat|scandir|access|readlink) ${path}|FileNotFoundError: \\[Errno 2\\] No such file or directory: ${path}`,
    ),
    read: ([node, python]) => ({
      cause: `The file ${node ?? python} is not there.`,
      actions: [
        `Add ${(node ?? python ?? "").replace(/^\/app\//, "")} to the source (look whether .gitignore or .slipignore leaves it out), or correct its path.`,
      ],
    }),
  },
];
