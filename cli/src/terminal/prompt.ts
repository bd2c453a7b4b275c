// Questions on a terminal, asked on standard error.
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";

const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() });

const readAnswer = async (question: string, output: NodeJS.WritableStream): Promise<string> => {
  const reader = createInterface({ input: process.stdin, output, terminal: true });
  try {
    if (output !== process.stderr) process.stderr.write(question);
    return await reader.question(output === process.stderr ? question : "");
  } catch (error) {
    process.stderr.write("\n");
    throw error;
  } finally {
    reader.close();
  }
};

/** What the user typed, without spaces around it. Ctrl-C and Ctrl-D throw an AbortError. */
export const ask = async (question: string): Promise<string> => (await readAnswer(question, process.stderr)).trim();

/** What the user typed, which is not shown. */
export const askHidden = async (question: string): Promise<string> => {
  const answer = await readAnswer(question, nowhere());
  process.stderr.write("\n");
  return answer;
};

/** Everything that comes on standard input, up to `limitBytes`; undefined when it is more. */
export const readInput = async (limitBytes: number): Promise<string | undefined> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    size += (chunk as Buffer).length;
    if (size > limitBytes) return undefined;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString();
};
