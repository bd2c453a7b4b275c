import { z } from "zod";
import { AppName, Deployment, JournalEntry, JournalId } from "../words.ts";
import { operation } from "./operation.ts";
import { pageOf } from "./page.ts";

const byId = z.object({ entry: JournalId });

export const journal = {
  "journal.list": operation({
    name: "journal.list",
    summary: "List what was asked, by whom, how to undo it and what was undone, newest first.",
    method: "GET",
    path: "/v1/journal",
    input: z.object({ app: AppName.optional(), ...pageOf(JournalId) }),
    output: z.object({ entries: z.array(JournalEntry) }),
    permission: "read",
    effect: "read",
    errors: [],
  }),
  "journal.get": operation({
    name: "journal.get",
    summary: "Show one entry of the journal, and whether it can be undone now.",
    method: "GET",
    path: "/v1/journal/{entry}",
    input: byId,
    /** `obstacle`: why it cannot be undone now; absent when it can. */
    output: JournalEntry.extend({ obstacle: z.string().optional() }),
    permission: "read",
    effect: "read",
    errors: ["not_found"],
  }),
  "journal.undo": operation({
    name: "journal.undo",
    summary: "Do what undoes an entry of the journal; the caller must be allowed to do that too. The entry that this makes can be undone itself.",
    method: "POST",
    path: "/v1/journal/{entry}/undo",
    input: byId,
    /** `entry` is the one that the undoing made, of the operation that it did. */
    output: z.object({ undone: JournalId, entry: JournalId, operation: z.string(), app: AppName.optional(), deployment: Deployment.optional() }),
    permission: "any",
    effect: "write",
    errors: ["not_found", "conflict", "forbidden", "nothing_to_roll_back"],
  }),
};
