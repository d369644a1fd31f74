"use strict";
// Draws the figures from the data in the page. An option is ECharts' own with these additions: `format` of an axis or tooltip (how its
// numbers are written), `ticks` of an axis ([value, label] pairs), `names` of an axis (its labels are names), `tip` of an item (the text
// of its tooltip), `quiet` of a series (no tooltips).
(() => {
  const trimmed = (value, digits) => String(Number(value.toPrecision(digits)));
  const formats = {
    count: (value) => Math.round(value).toLocaleString("en"),
    number: (value) => (value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(1) : trimmed(value, 4)),
    percent: (value) => `${trimmed(100 * value, 3)} %`,
    // Of a decimal logarithm.
    ratio: (value) => {
      const tens = Math.abs(value);
      const isLong = tens > 4.5 && Number.isInteger(tens);
      const ratio = isLong ? `10${[...String(tens)].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]).join("")}` : Number((10 ** tens).toPrecision(3)).toLocaleString("en");
      return value < -1e-9 ? `1/${ratio}` : ratio;
    },
    // Of log odds.
    prior: (value) => `${trimmed(100 / (1 + Math.exp(-value)), 3)} %`,
  };
  const format = (name, value) => (typeof value === "number" ? (formats[name] || formats.number)(value) : "–");

  // Text, never markup: names of files may hold anything.
  const tip = (text) => {
    const element = document.createElement("div");
    element.className = "tip";
    element.textContent = text;
    return element;
  };

  const axis = (given, isX) => {
    const { ticks, names, format: name, ...rest } = given;
    const narrow = innerWidth < 600;
    const label = { color: "var(--ink)", hideOverlap: !names, formatter: (value) => format(name, value), ...rest.axisLabel };
    const split = { lineStyle: { color: "var(--line)" }, ...rest.splitLine };
    if (ticks) {
      const values = ticks.map((tick) => tick[0]);
      const labels = new Map(ticks.map((tick) => [tick[0].toFixed(6), tick[1]]));
      Object.assign(label, { customValues: values, formatter: (value) => labels.get(Number(value).toFixed(6)) || "" });
      split.customValues = values;
      rest.axisTick = { customValues: values };
    }
    if (names) Object.assign(label, { width: narrow ? 90 : 150, overflow: "truncate", fontSize: 10, interval: 0 });
    return {
      ...rest,
      nameLocation: "middle",
      nameGap: isX ? 26 : 44,
      nameTextStyle: { color: "var(--ink)" },
      axisLabel: label,
      splitLine: split,
      axisLine: { show: isX, onZero: false, lineStyle: { color: "var(--faint)" }, ...rest.axisLine },
      axisTick: { show: isX, ...rest.axisTick },
    };
  };

  const complete = (option) => {
    const x = axis(option.xAxis, true);
    const y = axis(option.yAxis, false);
    const byAxis = option.tooltip.trigger === "axis";
    const told = (one) => {
      const series = option.series[one.seriesIndex];
      return series.quiet ? [] : [`${series.name}: ${format(option.tooltip.format, one.value[1])}`];
    };
    const text = (shown) => {
      if (!byAxis) return shown.data.tip || "";
      const first = shown.find((one) => told(one).length);
      return first ? [`${option.xAxis.name} ${format(option.xAxis.format, first.value[0])}`, ...shown.flatMap(told)].join("\n") : "";
    };
    return {
      animation: false,
      textStyle: { fontFamily: "system-ui, sans-serif", color: "var(--ink)" },
      grid: { left: y.name ? 64 : 16, right: 20, top: 14, bottom: x.name ? 44 : 16, outerBounds: { left: 4, right: 4, top: 4, bottom: 4 } },
      xAxis: x,
      yAxis: y,
      tooltip: {
        trigger: option.tooltip.trigger,
        confine: true,
        backgroundColor: "var(--page)",
        borderColor: "var(--faint)",
        textStyle: { color: "var(--ink)", fontSize: 13 },
        axisPointer: { type: "line", lineStyle: { color: "var(--faint)" }, label: { show: false } },
        formatter: (shown) => tip(text(shown)),
      },
      series: option.series.map(({ quiet, ...series }) => ({
        emphasis: { disabled: true },
        ...series,
        ...(quiet ? { tooltip: { show: false } } : {}),
      })),
    };
  };

  // Arrow keys go from mark to mark, and what the tooltip shows is spoken.
  const steer = (element, chart, option) => {
    const spoken = document.getElementById("spoken");
    const byAxis = option.tooltip.trigger === "axis";
    let stops = option.series.flatMap((series, seriesIndex) =>
      series.quiet ? [] : series.data.map((_, dataIndex) => ({ seriesIndex, dataIndex })),
    );
    if (byAxis) stops = stops.filter((stop) => stop.seriesIndex === stops[0].seriesIndex);
    let at = -1;
    const show = (next) => {
      at = Math.max(0, Math.min(stops.length - 1, next));
      if (byAxis) {
        // By its place: by its number, a tooltip of an axis stays where it was first.
        const mark = option.series[stops[at].seriesIndex].data[stops[at].dataIndex];
        const x = chart.convertToPixel({ xAxisIndex: 0 }, (mark.value ?? mark)[0]);
        chart.dispatchAction({ type: "showTip", x, y: chart.getHeight() / 2 });
      } else {
        chart.dispatchAction({ type: "showTip", ...stops[at] });
      }
      // ECharts draws the tooltip of an axis a moment later.
      setTimeout(() => (spoken.textContent = element.querySelector(".tip")?.textContent || ""), 200);
    };
    const leap = Math.max(1, Math.round(stops.length / 10));
    const moves = {
      ArrowRight: () => at + 1, ArrowDown: () => at + 1, ArrowLeft: () => at - 1, ArrowUp: () => at - 1,
      PageDown: () => at + leap, PageUp: () => at - leap, Home: () => 0, End: () => stops.length - 1,
    };
    element.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        chart.dispatchAction({ type: "hideTip" });
      } else if (moves[event.key] && !event.altKey && !event.ctrlKey && !event.metaKey) {
        show(moves[event.key]());
        event.preventDefault();
      }
    });
    element.addEventListener("blur", () => chart.dispatchAction({ type: "hideTip" }));
  };

  const charts = new Map();
  globalThis.reportCharts = charts;
  const options = JSON.parse(document.getElementById("figures").textContent);
  let isPrinting = false;
  // With a view box a drawing can be laid out wider or narrower than it was made: on paper the style sheet does so.
  const fit = (chart, width) => {
    chart.resize({ width, height: Number(chart.getDom().dataset.height) });
    // Drawn now, not with the next frame: paper waits for none.
    chart.getZr().flush();
    const svg = chart.getDom().querySelector("svg");
    svg.setAttribute("viewBox", `0 0 ${chart.getWidth()} ${chart.getHeight()}`);
  };
  for (const element of document.querySelectorAll(".chart")) {
    const option = options[element.id];
    element.style.height = `${element.dataset.height}px`;
    const chart = globalThis.echarts.init(element, null, { renderer: "svg" });
    chart.setOption(complete(option));
    steer(element, chart, option);
    charts.set(element.id, chart);
    fit(chart, "auto");
    new ResizeObserver(() => isPrinting || matchMedia("print").matches || fit(chart, "auto")).observe(element);
  }
  // Drawings are made for paper, not for the screen that they come from; the style sheet brings them to the paper's own width.
  addEventListener("beforeprint", () => {
    isPrinting = true;
    charts.forEach((chart) => fit(chart, 660));
  });
  addEventListener("afterprint", () => {
    isPrinting = false;
    charts.forEach((chart) => fit(chart, "auto"));
  });
})();
