// The page: its clips, its tables, its keys.

const data = JSON.parse(document.getElementById("data").textContent);
const place = document.getElementById("clip");
let view = null;
let chosen = 0;

function choose(index) {
  chosen = (index + data.clips.length) % data.clips.length;
  view?.stop();
  view = new ClipView(place, data.clips[chosen], data.thresholds);
  document.querySelectorAll("#clips button").forEach((button, at) => {
    button.setAttribute("aria-current", String(at === chosen));
  });
}

function clipButton(clip, index) {
  const made = element("button", { type: "button" }, element("span", { class: "name short" }, clip.title));
  for (const reason of clip.why) made.append(element("span", {}, reason));
  made.addEventListener("click", () => choose(index));
  return element("li", {}, made);
}

function build() {
  const notes = document.getElementById("notes");
  notes.append(...data.notes.map((note) => element("p", {}, note)));
  document.querySelector("main").append(keys());
  document.getElementById("clips").append(element("ol", {}, ...data.clips.map(clipButton)));
  const aside = document.getElementById("metrics");
  if (!data.tables.length) {
    aside.remove();
    document.getElementById("columns").classList.add("alone");
    return;
  }
  aside.classList.add("metrics");
  const about = "A heading sorts its table. Small: 95 % confidence interval. oracle_ models are told "
    + "part of the truth, floor_ models learn nothing.";
  aside.append(element("h2", {}, "Metrics"), element("p", { class: "faint" }, about));
  aside.append(...metricTables(data.tables));
}

function keys() {
  const key = (name) => element("kbd", {}, name);
  const line = element("p", { class: "keys faint" }, "Keys: ", key("Space"), " plays and pauses, ", key("\u2190"), " ");
  line.append(key("\u2192"), " move by half a second (with ", key("Shift"), " by 0.05 s), ", key("1"), " to ");
  line.append(key("6"), " show or hide a class, ", key("N"), " ", key("P"), " next and previous clip. ");
  line.append("A click on the picture moves there.");
  return line;
}

const ACTIONS = {
  " ": () => view.player.toggle(),
  ArrowLeft: (event) => view.player.seek(view.player.audio.currentTime - (event.shiftKey ? 0.05 : 0.5)),
  ArrowRight: (event) => view.player.seek(view.player.audio.currentTime + (event.shiftKey ? 0.05 : 0.5)),
  Home: () => view.player.seek(0),
  End: () => view.player.seek(view.clip.seconds),
  n: () => choose(chosen + 1),
  p: () => choose(chosen - 1),
};

// What has the focus may have a use of its own for a key.
function isTaken(target, key) {
  if (key === " ") return target.closest("button, input, summary, audio, th, a") !== null;
  if (key === "Home" || key === "End") return !target.closest(".over");
  return target.closest("audio, .scroll") === target;
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || isTaken(event.target, event.key)) return;
  const number = /^[1-6]$/.test(event.key) ? Number(event.key) - 1 : -1;
  if (number >= 0 && number < view.clip.classes.length) view.showClass(number, !view.classShown[number]);
  const action = ACTIONS[event.key];
  if (!action) return;
  event.preventDefault();
  action(event);
}

build();
choose(0);
document.addEventListener("keydown", onKey);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => view.draw());
