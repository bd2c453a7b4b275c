// Where git works while it fetches.
import { join } from "node:path";
import type { Home } from "#platform/home.ts";

export const fetchesFolder = (home: Home): string => join(home.cache, "fetches");
