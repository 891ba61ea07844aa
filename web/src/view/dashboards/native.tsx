// SPDX-License-Identifier: Apache-2.0
// Native histograms over time, for the explorer: a heatmap without a dashboard around it.

import { useMemo } from "preact/hooks";
import { nativeFrames } from "../../model/grafana/native";
import { panelOf } from "../../model/grafana/panel";
import type { MatrixSeries } from "../../model/prometheus";
import { HeatmapBody } from "./heatmap";

const HEIGHT = 300;

interface Props {
  series: MatrixSeries[];
  grid: { start: number; end: number; step: number } /* seconds */;
  width: number;
  unit: string;
  zone: string;
}

export function NativeHeat({ series, grid, width, unit, zone }: Props) {
  const panel = useMemo(
    () => panelOf({ type: "heatmap", title: "Native histograms", options: { yAxis: { unit } } }),
    [unit],
  );
  const { start, end, step } = grid;
  const frames = useMemo(() => {
    const n = Math.floor((end - start) / step + 1e-6) + 1;
    return nativeFrames("A", series, { start: start * 1000, step: step * 1000, n });
  }, [series, start, end, step]);
  return (
    <div style={{ height: `${HEIGHT}px` }}>
      <HeatmapBody panel={panel} frames={frames} view={{ width, zone }} height={HEIGHT} />
    </div>
  );
}
