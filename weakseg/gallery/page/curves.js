// Frame scores as curves, and the axis of time, drawn by uPlot.

const CURVE = 84; // pixels
const AXIS = 36; // of which the label takes LABEL
const LABEL = 15;
const FONT = "11px system-ui, sans-serif";

function charts(clip, thresholds) {
  const scored = clip.rows.filter((row) => row.scores && clip.classes.length);
  const specs = scored.map((row, at) => curveSpec(clip, row, thresholds, at === scored.length - 1));
  return [axisSpec(clip), ...specs];
}

function timeAxis(clip, labelled) {
  return {
    show: labelled,
    size: AXIS - LABEL,
    font: FONT,
    labelFont: FONT,
    label: "Time (s)",
    labelSize: LABEL,
    labelGap: 0,
    gap: 3,
    stroke: colourOf("--faint"),
    grid: { stroke: colourOf("--grid") },
    ticks: { stroke: colourOf("--line"), size: 4 },
    values: (_, times) => times.map((time) => +(time + clip.starts).toFixed(3)),
  };
}

function common(clip, height) {
  const space = (name) => parseFloat(colourOf(name)) * 16;
  return {
    height,
    padding: [4, space("--edge"), 6, 0],
    gutter: space("--gutter"),
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false, range: [0, clip.seconds] }, y: { range: [0, 1.02] } },
  };
}

function axisSpec(clip) {
  const options = common(clip, AXIS);
  options.padding = [0, options.padding[1], 0, 0];
  const hidden = { size: options.gutter, stroke: "transparent", grid: { show: false }, ticks: { show: false } };
  options.axes = [{ ...timeAxis(clip, true), grid: { show: false } }, { ...hidden, values: () => [] }];
  options.series = [{}, { show: false }];
  return { name: null, options, data: [[0, clip.seconds], [null, null]] };
}

function curveSpec(clip, row, thresholds, labelled) {
  const options = common(clip, CURVE + (labelled ? AXIS : 0));
  options.axes = [timeAxis(clip, labelled), {
    size: options.gutter,
    font: FONT,
    stroke: colourOf("--faint"),
    grid: { stroke: colourOf("--grid") },
    ticks: { stroke: colourOf("--line"), size: 4 },
    splits: () => [0, 0.5, 1],
  }];
  const edges = Array.from({ length: clip.frames + 1 }, (_, frame) => frame * clip.frame_seconds);
  const steps = uPlot.paths.stepped({ align: 1 });
  options.series = [{}, ...thresholds.map((_, at) => ({
    stroke: colourOf("--faint"), width: 1, dash: at ? [6, 4] : [2, 3], points: { show: false },
  })), ...clip.classes.map((name, place) => ({
    label: name, stroke: colourOf(`--c${place}`), dash: DASHES[place], width: 2, paths: steps,
    points: { show: false },
  }))];
  const flat = thresholds.map((threshold) => edges.map(() => threshold));
  const scores = row.scores.map((values) => [...values, values[values.length - 1]]);
  return { name: row.name, peaks: peaks(clip, row), options, data: [edges, ...flat, ...scores] };
}

function peaks(clip, row) {
  const highest = row.scores.map((values, place) => `${clip.classes[place]} ${twoPlaces(Math.max(...values))}`);
  return `Frame scores of ${row.name} over time; highest: ${highest.join(", ")}`;
}
