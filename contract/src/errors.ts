// The one catalogue of errors: code, HTTP status, exit code of the CLI, what happened, what to do.
// `fault` says whose it is: the user's mistake, or our defect.
import type { NeededApproval } from "./words.ts";

interface ErrorEntry {
  status: number;
  exit: 1 | 2 | 3 | 4;
  fault: "user" | "platform";
  what: string;
  next: string;
}

export const errors = {
  // asking
  invalid_input: { status: 400, exit: 2, fault: "user", what: "The request does not fit the operation.", next: "Correct the field that the message names." },
  invalid_config: {
    status: 400,
    exit: 1,
    fault: "user",
    what: "slip.toml is wrong.",
    next: "Correct the line that the message names; docs/reference/slip.toml shows every key.",
  },
  unauthorized: { status: 401, exit: 2, fault: "user", what: "The token is missing or wrong.", next: "Use the token in SLIP_HOME/token, or set SLIP_TOKEN." },
  forbidden: { status: 403, exit: 2, fault: "user", what: "The token may not do this.", next: "Ask for a grant that allows the operation." },
  approval_needed: {
    status: 403,
    exit: 2,
    fault: "user",
    what: "The grant of the token does not allow this; a person can.",
    next: "Let a person approve it with 'slip approvals', then ask again.",
  },
  approval_denied: { status: 403, exit: 2, fault: "user", what: "A person was asked and said no.", next: "Ask for something else." },
  not_found: { status: 404, exit: 2, fault: "user", what: "There is no such thing.", next: "List what there is with 'slip apps'." },
  conflict: {
    status: 409,
    exit: 2,
    fault: "user",
    what: "It does not fit the present state.",
    next: "Look at the present state with 'slip status' and ask again.",
  },
  idempotency_mismatch: {
    status: 422,
    exit: 2,
    fault: "user",
    what: "The idempotency key was used with another request.",
    next: "Use a new key for a new request.",
  },
  unconfirmed: {
    status: 409,
    exit: 2,
    fault: "user",
    what: "Nothing is destroyed before a person has agreed to it.",
    next: "Show the user what would be gone, and ask again when they agree.",
  },
  not_plannable: {
    status: 400,
    exit: 2,
    fault: "user",
    what: "This operation cannot be planned.",
    next: "Ask for the operation itself.",
  },
  plan_stale: {
    status: 409,
    exit: 2,
    fault: "user",
    what: "What the plan was made of has changed, so it was not applied.",
    next: "Plan it again, and look at what is different.",
  },
  plan_expired: { status: 410, exit: 2, fault: "user", what: "The plan has expired, so it was not applied.", next: "Plan it again." },
  plan_applied: {
    status: 409,
    exit: 2,
    fault: "user",
    what: "The plan was applied already.",
    next: "See what it did with 'slip plans show PLAN' and 'slip journal'; plan again for another change.",
  },
  too_large: {
    status: 413,
    exit: 2,
    fault: "user",
    what: "The request is larger than its limit.",
    next: "Leave out what the app does not need, for example with .slipignore.",
  },
  rate_limited: {
    status: 429,
    exit: 2,
    fault: "user",
    what: "Too much was asked for in a short time.",
    next: "Wait as long as the Retry-After field of the answer says, then ask again.",
  },
  usage: { status: 400, exit: 2, fault: "user", what: "The command was used wrongly.", next: "See 'slip --help'." },
  // machine
  not_root: { status: 500, exit: 2, fault: "user", what: "Sandboxes and networks need root.", next: "Run it again with sudo." },
  ports_taken: {
    status: 500,
    exit: 2,
    fault: "user",
    what: "A port of the edge is in use by another program.",
    next: "Choose others with SLIP_HTTP_PORT and SLIP_HTTPS_PORT, or stop the other program.",
  },
  missing_program: {
    status: 500,
    exit: 4,
    fault: "user",
    what: "A program that the platform needs is not installed.",
    next: "Run 'slip doctor'; it names the command that installs it.",
  },
  unreachable: {
    status: 503,
    exit: 4,
    fault: "platform",
    what: "The platform cannot be reached.",
    next: "Start it with 'slip up', then look at 'slip status'.",
  },
  not_stopped: {
    status: 500,
    exit: 4,
    fault: "platform",
    what: "The platform has ended, but not all that belongs to it.",
    next: "Run 'slip down' again: it ends what is left.",
  },
  internal: {
    status: 500,
    exit: 4,
    fault: "platform",
    what: "A defect of the platform.",
    next: "Report it with the request id and what 'slip logs APP --platform' says.",
  },
  installation_damaged: {
    status: 500,
    exit: 4,
    fault: "user",
    what: "installation.json of SLIP_HOME cannot be read.",
    next: "Put the file back from a backup of SLIP_HOME; docs/guides/troubleshooting.md says how it is written anew without one.",
  },
  database_missing: {
    status: 500,
    exit: 4,
    fault: "user",
    what: "The database of this installation is not in postgres/ of SLIP_HOME.",
    next: "Put postgres/ back from the backup of SLIP_HOME, with its owners; to begin anew, without any app, choose another SLIP_HOME.",
  },
  wrong_owner: {
    status: 500,
    exit: 4,
    fault: "user",
    what: "A file of SLIP_HOME does not belong to the process that needs it.",
    next: "Run 'slip doctor'; it names the command that gives the files back.",
  },
  key_missing: {
    status: 500,
    exit: 4,
    fault: "user",
    what: "The key that the secrets of this installation are sealed with is not there.",
    next: "Put the file back from the backup of control/ in SLIP_HOME, with its owner; without it nothing that it sealed can be opened.",
  },
  disk_full: {
    status: 507,
    exit: 1,
    fault: "user",
    what: "The disk of the installation is full.",
    next: "See 'slip doctor' for what holds the disk and how to free it, then deploy again.",
  },
  // source
  source_missing: { status: 400, exit: 1, fault: "user", what: "The folder does not exist.", next: "Name a folder that holds the source of an app." },
  source_empty: {
    status: 400,
    exit: 1,
    fault: "user",
    what: "The source has no files.",
    next: "Add the files of the app, or check .gitignore and .slipignore.",
  },
  source_unsafe: {
    status: 400,
    exit: 1,
    fault: "user",
    what: "The source holds a path or link that leaves it.",
    next: "Remove the path that the message names, or name it in .slipignore.",
  },
  git_unreachable: {
    status: 400,
    exit: 1,
    fault: "user",
    what: "The git host did not answer.",
    next: "Check the address, and the token secret for a private repository.",
  },
  git_ref_unknown: { status: 400, exit: 1, fault: "user", what: "The repository has no such ref.", next: "Name a branch, tag or commit that exists." },
  git_refused: {
    status: 400,
    exit: 1,
    fault: "user",
    what: "The git address is not one that can be fetched.",
    next: "Use an https, http, ssh or git address.",
  },
  // build
  no_buildpack: {
    status: 422,
    exit: 1,
    fault: "user",
    what: "No buildpack knows this source.",
    next: "Add a package.json, an index.html, a requirements.txt or pyproject.toml, or a [build] section in slip.toml.",
  },
  no_start_command: {
    status: 422,
    exit: 1,
    fault: "user",
    what: "Nothing says how to start the app.",
    next: "Add a start script to package.json, a Procfile with 'web:', or [run] command in slip.toml.",
  },
  install_failed: {
    status: 422,
    exit: 1,
    fault: "user",
    what: "Installing the dependencies failed.",
    next: "Run the install on your machine, commit the lock file, and deploy again.",
  },
  build_failed: {
    status: 422,
    exit: 1,
    fault: "user",
    what: "The build command failed.",
    next: "Run the build on your machine and correct what the last lines say.",
  },
  build_out_of_memory: { status: 422, exit: 1, fault: "user", what: "The build needed more memory than it has.", next: "Raise [build] memory in slip.toml." },
  build_timeout: {
    status: 422,
    exit: 1,
    fault: "user",
    what: "The build took longer than its limit.",
    next: "Raise [build] timeout in slip.toml, or make the build smaller.",
  },
  output_missing: {
    status: 422,
    exit: 1,
    fault: "user",
    what: "The build did not make the output folder.",
    next: "Set [build] output in slip.toml to the folder that the build makes.",
  },
  image_too_large: {
    status: 422,
    exit: 1,
    fault: "user",
    what: "The artifact is larger than its limit.",
    next: "Leave out what the app does not need to run.",
  },
  artifact_damaged: {
    status: 500,
    exit: 1,
    fault: "platform",
    what: "A stored file of the artifact is damaged, so nothing is started from it.",
    next: "Deploy the source again: what is damaged is built anew. Look at the disk's health too, and at 'slip doctor --deep'.",
  },
  artifact_unsafe: {
    status: 422,
    exit: 1,
    fault: "user",
    what: "The artifact would hold a file that no image can carry.",
    next: "Rename or remove the file that the message names, or let the build do so.",
  },
  secret_in_artifact: {
    status: 422,
    exit: 1,
    fault: "user",
    what: "The artifact would hold the value of a secret.",
    next: "Let the build remove the file that the message names, or not write the value to it.",
  },
  build_disk_full: {
    status: 422,
    exit: 1,
    fault: "user",
    what: "The build wrote more to the disk than it may.",
    next: "Let the build write less, or leave less behind.",
  },
  toolchain_unavailable: {
    status: 422,
    exit: 1,
    fault: "user",
    what: "The language version could not be had.",
    next: "Ask for a version that the registries offer.",
  },
  // start
  exited: {
    status: 422,
    exit: 1,
    fault: "user",
    what: "The program ended instead of serving.",
    next: "Read the last lines with 'slip logs APP', correct the program and deploy again.",
  },
  crash_loop: {
    status: 422,
    exit: 1,
    fault: "user",
    what: "The program keeps crashing.",
    next: "Read the last lines with 'slip logs APP', correct the program and deploy again.",
  },
  out_of_memory: { status: 422, exit: 1, fault: "user", what: "The program needed more memory than it has.", next: "Raise [run] memory in slip.toml." },
  wrong_port: {
    status: 422,
    exit: 1,
    fault: "user",
    what: "The program listens on another port.",
    next: "Listen on the port in the PORT variable, or set [run] port in slip.toml.",
  },
  loopback_only: { status: 422, exit: 1, fault: "user", what: "The program listens on 127.0.0.1 only.", next: "Listen on 0.0.0.0." },
  not_listening: { status: 422, exit: 1, fault: "user", what: "The program runs but listens on no port.", next: "Listen on the port in the PORT variable." },
  unhealthy: {
    status: 422,
    exit: 1,
    fault: "user",
    what: "The program did not answer its health path in time.",
    next: "Answer the health path with a status below 400, or set [health] in slip.toml.",
  },
  start_failed: {
    status: 422,
    exit: 1,
    fault: "user",
    what: "The program could not be started.",
    next: "Check that the start command exists in the artifact.",
  },
  release_command_failed: {
    status: 422,
    exit: 1,
    fault: "user",
    what: "The release command failed.",
    next: "Read its lines with 'slip logs APP', correct it and deploy again.",
  },
  sandbox_unavailable: {
    status: 422,
    exit: 1,
    fault: "user",
    what: "The sandbox that was asked for does not work on this machine.",
    next: "See 'slip doctor', or choose another with [run] sandbox.",
  },
  sandbox_below_floor: {
    status: 422,
    exit: 1,
    fault: "user",
    what: "slip.toml asks for a weaker sandbox than this platform lets a source choose.",
    next: "Take [run] sandbox out of slip.toml, or choose it yourself with 'slip deploy --sandbox'.",
  },
  // switch and after
  not_proven: {
    status: 500,
    exit: 1,
    fault: "platform",
    what: "The new release did not answer through the edge.",
    next: "Deploy again; if it stays so, look at 'slip status' and 'slip logs APP --edge'.",
  },
  nothing_to_roll_back: { status: 409, exit: 2, fault: "user", what: "There is no earlier release.", next: "See 'slip releases APP'." },
  superseded: {
    status: 409,
    exit: 3,
    fault: "user",
    what: "A newer deployment of the app took its place.",
    next: "Look at the newer one with 'slip deployments APP'.",
  },
  cancelled: { status: 409, exit: 3, fault: "user", what: "The deployment was cancelled.", next: "Deploy again when you want to." },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errors;

/** An error of the catalogue, with what is particular to this case. Every error that leaves a process is one. */
export class SlipError extends Error {
  readonly code: ErrorCode;
  /** `next`: each one alone is enough, the likeliest first. `cause` is what the evidence shows to have been wrong. */
  readonly details: { next?: string | readonly string[]; file?: string; line?: number; evidence?: string[]; cause?: string; approval?: NeededApproval };
  constructor(code: ErrorCode, message?: string, details: SlipError["details"] = {}) {
    super(message ?? errors[code].what);
    this.name = "SlipError";
    this.code = code;
    this.details = details;
  }
  get status(): number {
    return errors[this.code].status;
  }
  get exit(): number {
    return errors[this.code].exit;
  }
  get next(): string {
    return this.nextActions.join(" Or: ");
  }
  get nextActions(): readonly string[] {
    const { next = errors[this.code].next } = this.details;
    return typeof next === "string" ? [next] : next;
  }
}

/** The body of every error answer over HTTP, also between our own processes. */
export interface ErrorBody {
  error: { code: ErrorCode; message: string; next: string; file?: string; line?: number; evidence?: string[]; approval?: NeededApproval; requestId?: string };
}

export const toErrorBody = (error: SlipError, requestId?: string): ErrorBody => ({
  error: {
    code: error.code,
    message: error.message,
    next: error.next,
    ...(error.details.file === undefined ? {} : { file: error.details.file }),
    ...(error.details.line === undefined ? {} : { line: error.details.line }),
    ...(error.details.evidence === undefined ? {} : { evidence: error.details.evidence }),
    ...(error.details.approval === undefined ? {} : { approval: error.details.approval }),
    ...(requestId === undefined ? {} : { requestId }),
  },
});

export const isErrorCode = (code: unknown): code is ErrorCode => typeof code === "string" && Object.hasOwn(errors, code);

/** The error that a body tells of; a body of another shape becomes `internal`. */
export const fromErrorBody = (body: unknown): SlipError => {
  const error = (body as Partial<ErrorBody> | null)?.error;
  if (!error || !isErrorCode(error.code)) return new SlipError("internal", "An answer came that is not one of ours.");
  const { code, message, next, file, line, evidence, approval } = error;
  return new SlipError(code, message, {
    next,
    ...(file === undefined ? {} : { file }),
    ...(line === undefined ? {} : { line }),
    ...(evidence === undefined ? {} : { evidence }),
    ...(approval === undefined ? {} : { approval }),
  });
};
