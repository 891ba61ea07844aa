// SPDX-License-Identifier: Apache-2.0
import { render } from "preact";
import { startClock } from "./model/clock";
import { startRouter } from "./model/router";
import { startStream } from "./model/stream";
import { App } from "./view/app";
import { startKeys } from "./view/keys";
import { startTooltip } from "./view/tooltip";
import "./style/tokens.css";
import "./style/base.css";
import "./style/overview.css";
import "./style/pages.css";
import "./style/chart.css";
import "./style/metrics.css";
import "./style/dashboards.css";
import "./style/dialog.css";

startClock();
startRouter();
startStream();
startKeys();
startTooltip();

const root = document.getElementById("app")!;
root.replaceChildren();
render(<App />, root);
