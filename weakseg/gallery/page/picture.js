// The spectrogram with its masks, and the lanes of events under it.

const LANE = 1.15; // rem

function spectrogram(clip, view) {
  const ticks = element("div", { class: "beside", "aria-hidden": "true" });
  for (const [text, at] of clip.ticks) {
    const tick = element("span", {}, text);
    tick.style.bottom = `${at * 100}%`;
    ticks.append(tick);
  }
  const layers = element("div", { class: "layers" });
  layers.style.width = `${(clip.frames * clip.frame_seconds / clip.seconds) * 100}%`;
  layers.append(element("img", { src: clip.spectrogram, alt: `Mel spectrogram of ${clip.title}` }));
  clip.rows.forEach((row, at) => row.cells.forEach((cell, place) => {
    if (cell.mask) layers.append(maskLayer(clip, view, row, at, place));
  }));
  const picture = element("div", { class: "spectrogram" }, layers);
  return element("div", { class: "line" }, ticks, picture);
}

function maskLayer(clip, view, row, at, place) {
  const label = `Mask of ${clip.classes[place]}, ${row.truth ? "truth" : row.name}`;
  const kind = row.truth ? "outlined" : "filled";
  const made = element("div", { class: `mask ${kind} c${place}`, role: "img", "aria-label": label });
  made.style.setProperty("-webkit-mask-image", `url("${row.cells[place].mask}")`);
  made.hidden = true;
  view.maskLayers.set(`${at} ${place}`, made);
  return made;
}

// Every row has a lane for each class of which any row has an event.
function lanes(clip, view) {
  const active = new Set(clip.rows.flatMap((row) => row.events.map(([place]) => place)));
  const laneOf = clip.classes.map((_, place) => [...active].filter((other) => other < place).length);
  return clip.rows.map((row) => {
    const lane = element("div", { class: "lanes" });
    lane.style.height = `${(row.events.length ? active.size : 1) * LANE + 0.1}rem`;
    for (const [place, onset, offset] of row.events) {
      const made = bar(clip, view, place, onset, offset);
      made.style.top = `${laneOf[place] * LANE + 0.1}rem`;
      lane.append(made);
    }
    if (!row.events.length) lane.append(element("span", { class: "faint" }, "no events"));
    const line = element("div", { class: row.truth ? "line truth" : "line" }, element("div"), lane);
    return element("div", {}, element("div", { class: "row-name" }, row.name), line);
  });
}

function bar(clip, view, place, onset, offset) {
  const [from, to] = [onset, offset].map((at) => (at + clip.starts).toFixed(2));
  const label = `${clip.classes[place]}, ${from} to ${to} s`;
  const late = onset > 0.7 * clip.seconds ? " late" : "";
  const attributes = { class: `bar c${place}${late}`, role: "img", "aria-label": label, title: label };
  const made = element("div", attributes, element("bdi", {}, clip.classes[place]));
  made.style.left = `${(onset / clip.seconds) * 100}%`;
  made.style.width = `${((offset - onset) / clip.seconds) * 100}%`;
  view.classParts[place].push(made);
  return made;
}
