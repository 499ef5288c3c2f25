// The metrics: a table a task, a row a model, sorted by Tablesort.

const MISSING = -1e9; // sorts below every metric

function metricTables(tables) {
  return tables.map((one) => {
    const head = element("tr", {}, element("th", { scope: "col" }, "model"));
    for (const metric of one.metrics) {
      const number = { scope: "col", "data-sort-method": "number", "data-sort-reverse": true };
      head.append(element("th", number, spaced(metric)));
    }
    const body = element("tbody", {}, ...one.rows.map((row) => metricRow(one.metrics, row)));
    const table = element("table", {}, element("thead", {}, head), body);
    new Tablesort(table);
    for (const cell of head.cells) sortBySpace(cell);
    const region = { class: "scroll", role: "region", tabindex: 0, "aria-label": one.title };
    return element("section", {}, element("h3", {}, one.title), element("div", region, table));
  });
}

// Metric names may break at their underscores.
function spaced(name) {
  const parts = name.split("_").flatMap((part, at) => (at ? ["_", element("wbr"), part] : [part]));
  return element("span", {}, ...parts);
}

function metricRow(metrics, row) {
  const line = element("tr", { class: row.reference ? "reference" : null });
  line.append(element("th", { scope: "row" }, row.model));
  for (const metric of metrics) line.append(metricCell(row.values[metric] ?? [null, null, null]));
  return line;
}

function metricCell([value, low, high]) {
  if (value === null) return element("td", { "data-sort": MISSING }, "n/a");
  const cell = element("td", { "data-sort": value }, value.toFixed(3));
  if (low !== null && high !== null) {
    const title = "95 % confidence interval";
    const to = low < 0 ? " to " : "\u2013"; // no dash before a minus
    cell.append(element("small", { title }, `${low.toFixed(2)}${to}${high.toFixed(2)}`));
  }
  return cell;
}

function sortBySpace(cell) {
  cell.addEventListener("keydown", (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    cell.click();
  });
}
