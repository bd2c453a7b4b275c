import { z } from "zod";

/** Input of a list that is given page by page: how many at most (50 where it is not said), and where to go on. `id` is that of its items. */
export const pageOf = <T extends z.ZodType>(id: T, most = 500) => ({
  limit: z.coerce.number().int().min(1).max(most).default(50),
  before: id.optional().describe("Only those that are older than this one: the last one of what came before."),
});
