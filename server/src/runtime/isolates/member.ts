// A function that is in a process, or has a place in it, and who is told what it and the platform say.
import type { Exit } from "../instances/failure.ts";
import type { OutputLine } from "../output/output-line.ts";

export interface Member {
  /** Of its instance. */
  id: string;
  workload: string;
  place: number;
  mark: string;
  isLoaded: boolean;
  /** What the router holds to load it with the next request, while it rests; 0 where that is nothing. */
  keptBytes: number;
  /** It has answered. */
  isProven: boolean;
  /** How it has ended last. */
  exit: Exit | undefined;
  /** It is being loaded again, as another function has ended the process before this one had answered. */
  again: Promise<void>;
  loads: number;
  take: ((line: OutputLine) => void) | undefined;
  /** What it is to be told once somebody follows it. */
  untold: OutputLine[];
}

/** As it is before it is loaded. */
export const newMember = (of: Pick<Member, "id" | "workload" | "place" | "mark">): Member => ({
  ...of,
  isLoaded: false,
  keptBytes: 0,
  isProven: false,
  exit: undefined,
  again: Promise.resolve(),
  loads: 1,
  take: undefined,
  untold: [],
});

/** Of one that a request has loaded before the host was asked to wake it. */
const untoldLinesMax = 1_000;

/** Gives a line to who follows it, or to who will. */
export const give = (member: Member, line: OutputLine): void => {
  if (member.take) member.take(line);
  else if (member.untold.length < untoldLinesMax) member.untold.push(line);
};

/** Gives lines about a function, in the words of workerd, to who follows it. */
export const tell = (member: Member, text: string): void => {
  for (const part of text.split("\n")) give(member, { time: new Date().toISOString(), stream: "stderr", text: part });
};

/** Gives a line of the platform's own. */
export const say = (member: Member, text: string): void => give(member, { time: new Date().toISOString(), stream: "stderr", text, ofPlatform: true });
