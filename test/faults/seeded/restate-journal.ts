// What Restate still has to do, as it says itself.
import http from "node:http";
import { join } from "node:path";
import { z } from "zod";

const Answer = z.object({ rows: z.array(z.object({ target: z.string(), status: z.string() })) });

/** Work that is due later by design looks at what is left by itself. */
const isLater = ({ target, status }: { target: string; status: string }): boolean => /\/(retire|shrink)$/.test(target) && status === "scheduled";

/** Invocations that have not ended, as "target status". */
export const underWay = (home: string): Promise<string[]> =>
  new Promise((resolve, reject) => {
    const body = JSON.stringify({ query: "select target, status from sys_invocation where status <> 'completed'" });
    const headers = { "content-type": "application/json", accept: "application/json", "content-length": Buffer.byteLength(body) };
    const request = http.request({ socketPath: join(home, "restate/slip/admin.sock"), method: "POST", path: "/query", headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () => {
        const parsed = Answer.safeParse(JSON.parse(Buffer.concat(chunks).toString()));
        if (!parsed.success) return reject(new Error("Restate's answer cannot be read."));
        resolve(parsed.data.rows.filter((row) => !isLater(row)).map(({ target, status }) => `${target} ${status}`));
      });
      answer.on("error", reject);
    });
    request.on("error", reject);
    request.end(body);
  });
