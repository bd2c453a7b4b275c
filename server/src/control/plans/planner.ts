// How an operation is planned: the rows that it depends on are read, and a pure function says what would become of them.
import type { OutputOf, ParsedInputOf } from "@slipstream/contract/operations/registry.ts";
import type { Plan, PlanChange, PlanInterrupt, PlanQuota } from "@slipstream/contract/plan.ts";
import type { Query } from "#platform/database.ts";
import type { Wished } from "../access/caps.ts";
import type { Call, JsonName, Perform } from "../api/call.ts";
import type { Control } from "../control.ts";
import type { SourceStore } from "../sources/source-store.ts";
import type { Fingerprint } from "./fingerprint.ts";
import type { PlanRow } from "./plan.ts";

export interface Planned {
  app?: string;
  /** What is done when it is applied; absent where that is what was asked for. Whatever was left open is decided in it. */
  input?: Record<string, unknown>;
  changes: PlanChange[];
  interrupts: PlanInterrupt[];
  quota: PlanQuota[];
  inverse?: Plan["inverse"];
  /** What is left to who applies it. */
  asks?: Plan["asks"];
  /** Of what is done in the end, where that is not the effect of the operation itself or of the one within. */
  effect?: Plan["effect"];
  /** The operation that it does within, which its caller must be allowed to do as well. */
  within?: { operation: JsonName; input: Record<string, unknown> };
  /** What its release asks for, where slip.toml is known: the grant of who plans may allow less. */
  wished?: Wished | undefined;
}

export interface Reading {
  control: Control;
  sources: SourceStore;
  call: Call;
  /** Reads rows as they are at one moment. */
  snapshot<T>(read: (query: Query) => Promise<T>): Promise<T>;
}

export interface Applying {
  control: Control;
  perform: Perform;
  call: Call;
  /** Its change is there. */
  plan: Pick<PlanRow, "id" | "fingerprint">;
}

/** The input of an operation as it is planned, where its secret may be made by who applies it. */
type Given<N extends JsonName> = Omit<ParsedInputOf<N>, "sha256"> & Partial<Pick<ParsedInputOf<N>, "sha256" & keyof ParsedInputOf<N>>>;

export interface Planner<N extends JsonName, Rows extends { fingerprint: Fingerprint }> {
  /** Throws where the operation itself would refuse. */
  read(reading: Reading, input: Given<N>): Promise<Rows>;
  /** Pure. Throws where the operation itself would refuse. */
  plan(input: Given<N>, rows: Rows): Planned;
  /**
   * What the operation answered when its change is there and the answer was lost. Absent where asking it again with the same
   * idempotency key joins what it began.
   */
  again?(applying: Applying, input: ParsedInputOf<N>): Promise<OutputOf<N>>;
}

export type AnyPlanner = Planner<JsonName, { fingerprint: Fingerprint }>;

/** A planner for the table, where its rows are its own business. */
export const planner = <N extends JsonName, Rows extends { fingerprint: Fingerprint }>(of: Planner<N, Rows>): AnyPlanner => of as unknown as AnyPlanner;
