// Live charts: one uPlot for each title, redrawn when its numbers or the colours of the page change.
const curves = (() => {
  const drawn = new Map();
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const time = (seconds) => new Date(seconds * 1000).toISOString().slice(11, 19);

  const room = (into) => into.clientWidth - 16;

  const lines = (curve) => curve.series.map((one) => ({
    label: one.name,
    stroke: colour(one.name === curve.new ? "--new" : "--old"),
    width: 2,
    dash: one.name === curve.new ? undefined : [6, 4],
    spanGaps: false,
    points: { show: !curve.stepped && curve.x.length < 3 },
    paths: curve.stepped ? uPlot.paths.stepped({ align: 1 }) : undefined,
  }));

  const axis = (more) => ({
    stroke: colour("--soft"), font: "12px system-ui", grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, ...more,
  });

  const plot = (curve, into) => new uPlot({
    title: curve.title,
    width: room(into), height: 190,
    legend: { live: false },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
    scales: { y: { range: (_plot, _low, high) => [0, curve.unit === "%" ? 100 : (high || 1) * 1.1] } },
    series: [{}, ...lines(curve)],
    axes: [axis({ space: 70, values: (_plot, ticks) => ticks.map(time) }), axis({ size: 56 })],
    cursor: { drag: { x: false, y: false } },
  }, [curve.x, ...curve.series.map((one) => one.y)], into);

  const words = (curve) => `${curve.title}: ` + curve.series.map((one) => {
    const last = one.y[one.y.length - 1];
    return `${one.name} ${last == null ? "no data" : `${+last.toPrecision(3)} ${curve.unit}`}`;
  }).join(", ") + " now";

  const sizes = new ResizeObserver(() => {
    for (const one of drawn.values())
      if (one.plot.width !== room(one.into)) one.plot.setSize({ width: room(one.into), height: 190 });
  });

  const draw = (all, place) => {
    const names = all.map((curve) => curve.title);
    for (const [name, one] of drawn) if (!names.includes(name)) { one.plot.destroy(); one.into.remove(); drawn.delete(name); }
    for (const curve of all) {
      const known = drawn.get(curve.title), shape = curve.series.map((one) => one.name).join();
      if (known && known.shape === shape) {
        known.curve = curve;
        known.plot.setData([curve.x, ...curve.series.map((one) => one.y)]);
      } else {
        const into = known ? known.into : place.appendChild(document.createElement("figure"));
        if (known) known.plot.destroy();
        into.className = "card curve";
        if (!known) sizes.observe(into);
        into.setAttribute("role", "img");
        drawn.set(curve.title, { plot: plot(curve, into), into, shape, curve });
      }
      drawn.get(curve.title).into.setAttribute("aria-label", words(curve));
    }
  };

  const anew = () => {
    for (const one of drawn.values()) { one.plot.destroy(); one.plot = plot(one.curve, one.into); }
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", anew);
  return { draw };
})();
