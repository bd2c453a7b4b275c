// The environment and settings of git: nothing of this machine's or the repository's own configuration can make it run something.
import { existsSync } from "node:fs";
import { cleanEnv } from "#platform/exec.ts";
import { certificateBundle } from "../toolchains/base.ts";

const settings: Readonly<Record<string, string>> = {
  "core.hooksPath": "/dev/null",
  "core.fsmonitor": "false",
  "core.symlinks": "true",
  "protocol.allow": "never",
  "protocol.https.allow": "always",
  "protocol.http.allow": "always",
  "protocol.ssh.allow": "always",
  "protocol.git.allow": "always",
  "credential.helper": "",
  "gc.auto": "0",
  "maintenance.auto": "false",
  "advice.detachedHead": "false",
  "init.defaultBranch": "main",
  "http.followRedirects": "initial",
  // Less than this many bytes a second for so many seconds is a host that has stopped answering.
  "http.lowSpeedLimit": "100",
  "http.lowSpeedTime": "30",
  "transfer.fsckObjects": "false",
};

/** Settings as variables (git-config, GIT_CONFIG_COUNT), so that they are in no file and no argument. */
const configVariables = (values: Readonly<Record<string, string>>): Record<string, string> => {
  const pairs = Object.entries(values);
  return {
    GIT_CONFIG_COUNT: String(pairs.length),
    ...Object.fromEntries(
      pairs.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
  };
};

/** The token is sent to the origin of `url` only: not to hosts of redirects or submodules elsewhere. */
const tokenSetting = (url: string, token: string | undefined): Record<string, string> => {
  const parsed = URL.parse(url);
  if (token === undefined || token === "" || !parsed || !parsed.protocol.startsWith("http")) return {};
  return { [`http.${parsed.origin}/.extraHeader`]: `Authorization: Basic ${Buffer.from(`x-access-token:${token}`).toString("base64")}` };
};

export const gitEnvironment = (home: string, url: string, token: string | undefined): Record<string, string> => ({
  ...cleanEnv,
  HOME: home,
  TMPDIR: home,
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_TERMINAL_PROMPT: "0",
  GIT_ASKPASS: "/bin/false",
  SSH_ASKPASS: "/bin/false",
  GIT_ALLOW_PROTOCOL: "https:http:ssh:git",
  GIT_SSH_COMMAND: "ssh -o BatchMode=yes -o StrictHostKeyChecking=accept-new -o ConnectTimeout=15",
  GIT_LFS_SKIP_SMUDGE: "1",
  LC_ALL: "C",
  ...(existsSync(certificateBundle) ? { GIT_SSL_CAINFO: certificateBundle } : {}),
  ...configVariables({ ...settings, ...tokenSetting(url, token) }),
});
