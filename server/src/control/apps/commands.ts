// The commands that run once in apps and that callers of this process wait for.
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";

interface Owner {
  tenant: string;
  appId: string;
}
interface UnderWay extends Owner {
  ending: AbortController;
}

export class Commands {
  readonly #underWay = new Set<UnderWay>();

  /**
   * Does `act`, whose signal aborts when the caller goes away and when the app ends. Throws `conflict` where the tenant has as many
   * commands running as it may: one that waited for its turn would have less time than was asked for.
   */
  async run<T>(owner: Owner, caller: AbortSignal, act: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const running = [...this.#underWay].filter(({ tenant }) => tenant === owner.tenant).length;
    if (running >= limit("runsAtOnce"))
      throw new SlipError("conflict", `${running} commands run already, and no more may at the same time.`, { next: "Ask again when one of them has ended." });
    const mine = { ...owner, ending: new AbortController() };
    this.#underWay.add(mine);
    try {
      return await act(AbortSignal.any([caller, mine.ending.signal]));
    } finally {
      this.#underWay.delete(mine);
    }
  }

  /** Ends the commands of an app. */
  end(appId: string): void {
    for (const it of this.#underWay) if (it.appId === appId) it.ending.abort();
  }
}
