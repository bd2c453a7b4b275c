// The embedded Restate: its configuration, its identity, and how it is started.
import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { join } from "node:path";

const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/** Base 58 as Bitcoin writes it: leading zero bytes are ones. */
export const base58 = (bytes: Uint8Array): string => {
  let number = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  let text = "";
  while (number > 0n) {
    text = alphabet.charAt(Number(number % 58n)) + text;
    number /= 58n;
  }
  const zeros = bytes.findIndex((byte) => byte !== 0);
  return "1".repeat(zeros === -1 ? bytes.length : zeros) + text;
};

/** The public half of Restate's identity, in the form that its SDK checks requests against. */
export const identityKeyOf = (privateKeyPem: string | KeyObject): string => {
  const { x } = createPublicKey(privateKeyPem).export({ format: "jwk" });
  if (x === undefined) throw new Error("the identity of Restate is not an Ed25519 key");
  return `publickeyv1_${base58(Buffer.from(x, "base64url"))}`;
};

export const newIdentity = (): string => generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }).toString();

/** Names the folder below base-dir that holds data and sockets; it must never change. */
const nodeName = "slip";

/** restate.toml: Unix sockets only, small memory, requests to handlers signed with `identity`. */
export const restateConfig = (paths: { baseDir: string; identity: string }): string => `base-dir = ${JSON.stringify(paths.baseDir)}
node-name = "${nodeName}"
cluster-name = "slipstream"
listen-mode = "unix"
disable-telemetry = true
default-num-partitions = 4
rocksdb-total-memory-size = "128 MB"
shutdown-timeout = "5s"
log-format = "json"
# octocrab: it looks for newer versions of itself, and complains where there is no way out.
log-filter = "warn,octocrab=off"
log-disable-ansi-codes = true

[admin]
disable-web-ui = true

[admin.query-engine]
memory-size = "64 MB"

[worker.invoker]
inactivity-timeout = "10m"
abort-timeout = "1h"
memory-limit = "128 MB"
request-identity-private-key-pem-file = ${JSON.stringify(paths.identity)}

[bifrost]
record-cache-memory-size = "32 MB"
`;

/** Starts the server of the repository at `code` with the configuration in the file `config`. */
export const restateArguments = (code: string, config: string): [string, ...string[]] => [
  join(code, "node_modules", "@restatedev", `restate-server-linux-${process.arch}`, "bin", "restate-server"),
  "--no-logo",
  "--config-file",
  config,
];
