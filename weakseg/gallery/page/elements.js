// Elements of the page.  Whatever comes from data becomes text or an attribute, never HTML.

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

function drawing(width, height, shape, attributes) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const inside = document.createElementNS(space, shape);
  svg.setAttribute("width", width);
  svg.setAttribute("height", height);
  svg.setAttribute("aria-hidden", "true");
  for (const [key, value] of Object.entries(attributes)) inside.setAttribute(key, value);
  svg.append(inside);
  return svg;
}

// A name that goes on in the next line after a "_" where it must.
const breakable = (name) =>
  name.split(/(?<=_)/).flatMap((part, at) => (at ? [document.createElement("wbr"), part] : [part]));

const triangle = () => drawing(10, 12, "path", { d: "M0 0 L10 6 L0 12 Z" });
const cellsIcon = () => drawing(12, 12, "path", { d: "M0 0h5v5H0zM7 0h5v5H7zM0 7h5v5H0zM7 7h5v5H7z" });

// Line styles of the classes: with them, colours are not needed to tell curves apart.
const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3], [14, 3], [5, 2]];

function sample(place) {
  const line = { x1: 0, y1: 6, x2: 28, y2: 6, "stroke-width": 3 };
  const svg = drawing(28, 12, "line", line);
  svg.firstChild.setAttribute("stroke-dasharray", DASHES[place].join(" ") || "none");
  svg.firstChild.style.stroke = "var(--c)";
  return svg;
}

const colourOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const twoPlaces = (number) => (number === null ? "n/a" : number.toFixed(2));
