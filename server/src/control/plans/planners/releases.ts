// What a rollback would do.
import { wishedBy } from "../../access/caps.ts";
import { supersededBy } from "../../deployments/deployment.ts";
import { nothingToRollBack, releaseToGoTo } from "../../releases/release.ts";
import { routesOf } from "../../routes/route-table.ts";
import { type AppRows, readApp } from "../app-rows.ts";
import { change, configChanges, envChanges, routeChanges, secretChanges } from "../diff.ts";
import { planner } from "../planner.ts";
import { supersededInterrupts, switchInterrupts } from "../words.ts";

const rollback = planner<"releases.rollback", AppRows>({
  read: (reading, { app }) => readApp(reading, app),
  plan({ app, to: asked }, rows) {
    const { live, domains, releases, history } = rows;
    const to = releaseToGoTo({ app, asked, live: rows.app.release, history, kept: releases.map(({ number }) => number) });
    const target = releases.find(({ number }) => number === to);
    if (target === undefined) throw nothingToRollBack(app, to);
    const hosts = domains.map(({ host }) => host);
    // What its instances will have is the release's own; what is staged stays staged.
    const settings =
      live === undefined
        ? []
        : [
            ...configChanges(live.config, target.config),
            ...routeChanges(routesOf(live.config, hosts), routesOf(target.config, hosts)),
            ...envChanges(live.env, target.env),
            ...secretChanges(live.secretVersions, target.secretVersions),
          ];
    return {
      app,
      input: { app, to },
      changes: [
        ...change("release", live && String(live.number), String(to)),
        ...change("artifact", live?.artifact, target.artifact),
        ...change("commit", live?.commit ?? undefined, target.commit ?? undefined),
        ...settings,
      ],
      interrupts: [...switchInterrupts(rows), ...supersededInterrupts(rows, supersededBy("rollback"))],
      quota: [],
      wished: wishedBy(target.config),
      ...(live === undefined ? {} : { inverse: { operation: "releases.rollback", input: { app, to: live.number } } }),
    };
  },
});

export const releasePlanners = { "releases.rollback": rollback };
