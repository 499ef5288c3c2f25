// The table of a clip's classes: what is played, which masks lie over the picture, which classes show.

const MOST_WITH_WORDS = 3; // columns, beside which the words on buttons have room

function soundTable(clip, view) {
  const head = element("tr", {}, element("th", { scope: "col" }, "class"));
  for (const row of clip.rows) {
    const cell = element("th", { scope: "col" }, row.name);
    if (row.score !== null) cell.append(element("br"), element("small", {}, `score ${twoPlaces(row.score)}`));
    head.append(cell);
  }
  const body = element("tbody", {}, mixtureRow(clip, view));
  clip.classes.forEach((name, place) => body.append(classRow(clip, view, name, place)));
  const kind = clip.rows.length > MOST_WITH_WORDS ? "cells narrow" : "cells";
  const table = element("table", { class: kind }, element("thead", {}, head), body);
  const region = { class: "scroll", role: "region", tabindex: 0, "aria-label": "Sounds and masks" };
  return element("div", region, table);
}

function mixtureRow(clip, view) {
  const play = playButton(view, clip.mixture, "mixture", "Mixture");
  const cell = element("td", { colspan: clip.rows.length || 1 }, element("div", {}, play));
  return element("tr", {}, element("th", { scope: "row" }, "mixture"), cell);
}

function classRow(clip, view, name, place) {
  const box = element("input", { type: "checkbox", "data-class": place });
  box.checked = true;
  box.addEventListener("change", () => view.showClass(place, box.checked));
  const short = element("span", { class: "short", title: name }, ...breakable(name));
  const label = element("label", { title: `Show or hide (key ${place + 1})` }, box, sample(place), short);
  const line = element("tr", { class: `c${place}` }, element("th", { scope: "row" }, label));
  clip.rows.forEach((row, at) => line.append(classCell(view, row, at, name, place)));
  return line;
}

function classCell(view, row, at, name, place) {
  const cell = row.cells[place];
  const by = row.truth ? "truth" : row.name;
  const buttons = element("div");
  if (cell.sound) buttons.append(playButton(view, cell.sound, `${name}, ${by}`, "Play"));
  if (cell.mask) buttons.append(maskButton(view, at, place, `${name}, ${by}`));
  const small = element("small", {}, verdict(row, cell));
  return element("td", {}, buttons, small);
}

function verdict(row, cell) {
  if (row.truth) return cell.present ? "in the clip" : "not in it";
  return `${twoPlaces(cell.probability)} ${cell.present ? "found" : "not found"}`;
}

function playButton(view, uri, what, text) {
  const label = `Play: ${what}`;
  const made = element("button", { type: "button", "aria-pressed": "false", "aria-label": label, title: label });
  made.append(triangle(), element("span", {}, text));
  made.addEventListener("click", () => view.playSound(uri, what));
  view.playButtons.set(uri, made);
  return made;
}

function maskButton(view, at, place, what) {
  const label = `Mask: ${what}`;
  const made = element("button", { type: "button", "aria-pressed": "false", "aria-label": label, title: label });
  made.append(cellsIcon(), element("span", {}, "Mask"));
  made.addEventListener("click", () => view.toggleMask(at, place));
  view.maskButtons.set(`${at} ${place}`, made);
  return made;
}
