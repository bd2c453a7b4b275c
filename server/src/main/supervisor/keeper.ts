// The smallest of our processes: it holds the public sockets and waits. When the supervisor dies, and no other has taken its place in
// a moment, it becomes the supervisor.
import { inheritedAt } from "./public-sockets.ts";

/** The host, which looks each second, has so long to start one. */
const graceSeconds = 2;

const { http, https } = inheritedAt;

/** Nothing is ever written to its input, whose other end the supervisor alone holds: reading ends when that one does. */
const script = `log=$1
shift
read -r line
sleep ${graceSeconds} </dev/null >/dev/null 2>&1 ${http}>&- ${https}>&- & trap 'kill $!; exit' TERM
wait $!
exec "$@" </dev/null >>"$log" 2>&1`;

/** The argument vector of a keeper that becomes `argv`, which prints to the file `log`. Pure. */
export const keeperOf = (argv: readonly string[], log: string): [string, ...string[]] => ["sh", "-c", script, "keeper", log, ...argv];
