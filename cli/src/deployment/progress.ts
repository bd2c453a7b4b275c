// The phases of a deployment as they run, on a terminal that people watch.
import type { Deployment } from "@slipstream/contract/words.ts";
import type { Screen } from "../terminal/screen.ts";
import { tookText } from "../terminal/time.ts";
import { hasEnded } from "./result.ts";

export interface Progress {
  /** Something that is done before the platform has a deployment. */
  say(what: string): void;
  update(deployment: Deployment): void;
  /** A line that stays, above the moving one. */
  note(line: string): void;
  /** Takes the moving line away. */
  end(): void;
}

const frames = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";
const frameMs = 80;

/** Shows nothing unless standard error is a terminal. */
export const progressOn = (screen: Screen): Progress =>
  screen.live ? liveProgress(screen) : { say: () => {}, update: () => {}, note: screen.note, end: () => {} };

const liveProgress = ({ errorColours: { cyan, dim, green } }: Screen): Progress => {
  let now = "";
  let since = performance.now();
  let frame = 0;
  const shown = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const clear = (): void => void process.stderr.write("\r\u001b[K");
  const draw = (): void => {
    frame = (frame + 1) % frames.length;
    process.stderr.write(`\r\u001b[K${cyan(frames.charAt(frame))} ${now} ${dim(`${((performance.now() - since) / 1_000).toFixed(1)} s`)}`);
  };
  const say = (what: string): void => {
    if (what === now) return;
    now = what;
    since = performance.now();
    timer ??= setInterval(draw, frameMs).unref();
    draw();
  };
  return {
    say,
    update(deployment) {
      for (const { name, ms } of deployment.phases) {
        if (shown.has(name)) continue;
        shown.add(name);
        clear();
        process.stderr.write(`${green("✓")} ${name.padEnd(16)} ${dim(tookText(ms))}\n`);
      }
      if (!hasEnded(deployment)) say(deployment.phase ?? deployment.state);
    },
    note(line) {
      clear();
      process.stderr.write(`${line}\n`);
    },
    end() {
      if (timer === undefined) return;
      clearInterval(timer);
      timer = undefined;
      now = "";
      clear();
    },
  };
};
