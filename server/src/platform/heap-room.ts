// Room that V8 has made for a burst of objects, and would keep for good where nothing more comes.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

type Collect = (how: { type: "major"; execution: "sync"; flavor: "last-resort" }) => void;

/** Collects all garbage and gives the room back to the system; it holds up the process for 50 ms and more. For after what is rare and large. */
export const giveBackHeapRoom = (): void => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as Collect;
  setFlagsFromString("--no-expose-gc");
  collect({ type: "major", execution: "sync", flavor: "last-resort" });
};
