// SPDX-License-Identifier: Apache-2.0
// What this chunk has to show.

export { CheckGraph } from "./check_graph";
export { ExplorePage } from "./explorer";
export { HostPage, HostsPage } from "./hosts";
export { RulesPage } from "./rules";
export { SeriesPage } from "./series";
export { TargetsPage } from "./targets";
