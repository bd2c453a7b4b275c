// Words of other tools, and what they are here: for those who try them first.
import { SlipError } from "@slipstream/contract/errors.ts";

const seeApps = "List your apps with their addresses: 'slip apps'.";
const seeConfig = "Set variables with 'slip env set APP NAME=VALUE' and secrets with 'slip secrets set APP NAME'.";
const runCommand = "Run a command in the live release of an app: 'slip run APP -- COMMAND'.";
const makeLive = "Deploy a folder or a git address: 'slip deploy .'.";
const takeAway = "Take an app off the air with 'slip destroy APP'; 'slip restore APP' brings it back.";
const identify = "Say who you are with SLIP_TOKEN and SLIP_URL; on the machine of the platform root needs neither. See 'slip whoami'.";

const others: Readonly<Record<string, string>> = {
  open: seeApps,
  list: seeApps,
  ls: seeApps,
  ps: "List your apps with 'slip apps', or what the platform runs with 'slip status'.",
  info: "See an app's releases with 'slip releases APP' and what became of its deployments with 'slip deployments APP'.",
  version: "Run 'slip --version'.",
  config: seeConfig,
  vars: seeConfig,
  exec: runCommand,
  ssh: runCommand,
  shell: runCommand,
  console: runCommand,
  init: makeLive,
  new: makeLive,
  create: makeLive,
  launch: makeLive,
  build: makeLive,
  push: makeLive,
  publish: makeLive,
  dev: makeLive,
  redeploy: makeLive,
  delete: takeAway,
  remove: takeAway,
  rm: takeAway,
  stop: "Stop the platform with 'slip down', or take one app off the air with 'slip destroy APP'. An app that nobody uses sleeps by itself.",
  start: "Start the platform with 'slip up'. An app that sleeps is woken by the next request.",
  login: identify,
  logout: identify,
  auth: identify,
};

/** What to do in place of a word that names no command; undefined for words that nothing is known of. */
export const otherWord = (word: string): string | undefined => (Object.hasOwn(others, word) ? others[word] : undefined);

/** Whoever asks `slip status` for one app. */
export const ofOneApp = (app: string): SlipError =>
  new SlipError("usage", "'slip status' is about the platform, and takes no app.", {
    next: `See what is live with 'slip releases ${app}', and what became of its deployments with 'slip deployments ${app}'.`,
  });
