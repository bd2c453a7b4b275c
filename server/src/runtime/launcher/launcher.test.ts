import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { exec, execOrThrow } from "#platform/exec.ts";
import { eventually, needsRoot } from "../testing/runtime-fixture.ts";
import { Launcher, runtimePath, viewPath } from "./launcher.ts";

/** In the place of conmon: waits as it does, and says the words that `does` prints, in a line. Debian's sh knows no descriptor above 9. */
const saying = (does: string): string[] => ["bash", "-c", `read start <&$_OCI_STARTPIPE; echo "$({ ${does}; } | tr '\\n' ' ')" >&$_OCI_SYNCPIPE`];

describe("what starts conmon", { skip: needsRoot }, () => {
  const launcher = new Launcher();
  let folder = "";
  let hidden = "";
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "slip-launcher-"));
    hidden = join(folder, "hidden");
    mkdirSync(hidden);
    await execOrThrow(["mount", "-t", "tmpfs", "tmpfs", hidden]);
    writeFileSync(join(hidden, "file"), "");
    mkdirSync(join(folder, "place with\nsigns"));
  });
  after(async () => {
    launcher.close();
    await exec(["umount", hidden]);
    rmSync(folder, { recursive: true, force: true });
  });
  const launch = async (does: string, more: { hiding?: { path: string; program: string } } = {}): Promise<string> => {
    const begun = launcher.begin({ folder, command: saying(does), ...more });
    begun.go();
    return (await begun.said).trim();
  };
  const launchers = (): number[] => {
    const children = readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").trim().split(" ").filter(Boolean);
    return children.filter((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("launcher.pl")).map(Number);
  };

  test("begins it where it is told, apart from itself, and has it wait", async () => {
    const place = join(folder, "place with\nsigns");
    const begun = launcher.begin({ folder: place, command: saying('touch began; ps -o sid= -p "$$"') });
    await sleep(100);
    assert.ok(!existsSync(join(place, "began")));
    begun.go();
    const session = Number(await begun.said);
    assert.ok(existsSync(join(place, "began")));
    assert.ok(session > 1 && !launchers().includes(session), `${session}`);
  });

  test("several at the same time are told apart, and it passes on nothing of one to another", async () => {
    const waiting = launcher.begin({ folder, command: saying("true") });
    const all = await Promise.all(["a", "b", "c"].map((word) => launch(`echo ${word}; ls /proc/self/fd | wc -l`)));
    waiting.kill();
    assert.equal(launchers().length, 1);
    const [one] = all;
    assert.deepEqual(
      all,
      ["a", "b", "c"].map((word) => one?.replace(/^a /, `${word} `)),
    );
  });

  test("shows what makes the sandbox a machine without a path, and itself where nobody can change it, until it has answered", async () => {
    const hiding = { path: hidden, program: "/bin/ls" };
    const seen = await launch(
      `nsenter --mount=${viewPath(folder)} -- ${runtimePath(folder)} ${hidden} && ls ${hidden}; readlink view; cmp runtime /bin/ls && echo same`,
      { hiding },
    );
    const [inside, view = "", same] = seen.split(/\s+/);
    assert.deepEqual([inside, same], ["file", "same"], "the path is to be seen outside alone");
    await eventually(() => (existsSync(view) ? undefined : true), "its view is gone");
    assert.throws(() => writeFileSync(readlinkSync(runtimePath(folder)), "other"), { code: "EPERM" });
    assert.equal(await launch("readlink view runtime"), "", "the next launch has nothing of it");
  });

  test("one that ends without a word has said nothing, and one that is killed is gone", async () => {
    const silent = launcher.begin({ folder, command: ["true"] });
    assert.equal(await silent.said, "");
    const killed = launcher.begin({ folder, command: ["bash", "-c", "echo $$ >waits; read start <&$_OCI_STARTPIPE; touch went-on"] });
    const pid = await eventually(
      () => (existsSync(join(folder, "waits")) ? readFileSync(join(folder, "waits"), "utf8").trim() || undefined : undefined),
      "it waits",
    );
    killed.kill();
    await eventually(() => (existsSync(`/proc/${pid}`) ? undefined : true), "it is gone");
    assert.ok(!existsSync(join(folder, "went-on")));
  });

  test("where it has died, what was begun is lost, and the next is begun by another one", async () => {
    const begun = launcher.begin({ folder, command: ["sleep", "1"] });
    for (const pid of launchers()) process.kill(pid, "SIGKILL");
    assert.equal(await begun.said, "");
    assert.equal(await launch("echo again"), "again");
  });
});
