// The parts of Apache ECharts that a report draws with; README.md says how the bundle beside this is made.
import * as core from "echarts/core";
import { LineChart, ScatterChart } from "echarts/charts";
import { GridComponent, TooltipComponent } from "echarts/components";
import { SVGRenderer } from "echarts/renderers";

core.use([LineChart, ScatterChart, GridComponent, TooltipComponent, SVGRenderer]);
globalThis.echarts = { init: core.init };
