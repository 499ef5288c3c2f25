// One clip on the page: what is shown, what is heard, and where the cursor is.

class ClipView {
  constructor(place, clip, thresholds) {
    Object.assign(this, { place, clip, thresholds });
    this.playButtons = new Map();
    this.maskButtons = new Map();
    this.maskLayers = new Map();
    this.classParts = clip.classes.map(() => []);
    this.classShown = clip.classes.map(() => true);
    this.masksShown = new Set();
    this.plots = [];
    this.player = new Player(clip.seconds);
    this.player.onTime = (seconds) => this.moveCursor(seconds);
    this.player.onState = () => this.markSound();
    this.build();
    this.sound = { uri: clip.mixture, what: "mixture" };
    this.player.choose(clip.mixture);
    this.showFirstMasks();
    this.markSound();
    this.moveCursor(0);
  }

  build() {
    this.now = element("output", { "aria-live": "off" });
    const transport = element("div", { class: "transport" }, this.player.audio, this.now);
    this.cursor = element("div", { class: "cursor" });
    this.over = element("div", { class: "over", role: "slider", tabindex: 0 }, this.cursor);
    this.over.setAttribute("aria-label", "Position in the clip");
    this.over.setAttribute("aria-valuemin", 0);
    this.over.setAttribute("aria-valuemax", this.clip.seconds);
    this.figure = element("div", { class: "figure" });
    this.axis = element("div");
    this.curves = element("div");
    const truth = this.clip.rows.some((row) => row.truth);
    const titles = [
      truth ? "Spectrogram (Hz), masks over it (outlined: truth)" : "Spectrogram (Hz), masks over it",
      truth ? "Events (dashed: truth)" : "Events",
      this.thresholds.length ? "Frame scores (0 to 1; grey: thresholds)" : "Frame scores (0 to 1)",
    ];
    const [picture, events, scores] = titles.map((title) => element("h3", {}, title));
    this.figure.append(picture, spectrogram(this.clip, this), this.axis);
    this.figure.append(events, ...lanes(this.clip, this), scores, this.curves, this.over);
    scores.hidden = !this.clip.rows.some((row) => row.scores) || !this.clip.classes.length;
    events.hidden = !this.clip.rows.length;
    this.seekByPointer();
    this.place.replaceChildren(...this.heading(), transport, soundTable(this.clip, this), this.figure);
    this.draw();
    new ResizeObserver(() => this.resize()).observe(this.figure);
  }

  heading() {
    const { title, why, not_shown: more } = this.clip;
    const words = [...why];
    if (more) words.push(`${more} more ${more === 1 ? "class" : "classes"} in the clip or found are not shown`);
    if (!this.clip.classes.length) words.push("no class is in the clip or found");
    return [element("h2", { id: "clip-title" }, title), element("p", { class: "faint" }, words.join("; "))];
  }

  // Curves are drawn anew when the colours change.
  draw() {
    for (const plot of this.plots) plot.destroy();
    const specs = charts(this.clip, this.thresholds);
    this.curves.replaceChildren();
    this.plots = specs.map(({ name, peaks: label, options, data }) => {
      const holder = element("div", label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" });
      if (name !== null) this.curves.append(element("div", { class: "row-name" }, name));
      (name === null ? this.axis : this.curves).append(holder);
      return new uPlot({ ...options, width: this.figure.clientWidth }, data, holder);
    });
    this.classShown.forEach((shown, place) => this.showCurve(place, shown));
  }

  resize() {
    const width = this.figure.clientWidth;
    for (const plot of this.plots) {
      if (width && plot.width !== width) plot.setSize({ width, height: plot.height });
    }
  }

  seekByPointer() {
    const seek = (event) => {
      const { left, width } = this.over.getBoundingClientRect();
      const share = (event.clientX - left) / width;
      if (event.type === "pointermove" || (share >= 0 && share <= 1)) this.player.seek(share * this.clip.seconds);
    };
    this.figure.addEventListener("click", seek);
    this.figure.addEventListener("pointermove", (event) => {
      if (event.buttons === 1 && event.pointerType === "mouse") seek(event);
    });
  }

  moveCursor(seconds) {
    const share = Math.min(seconds / this.clip.seconds, 1);
    this.cursor.style.left = `${share * 100}%`;
    const at = `${(seconds + this.clip.starts).toFixed(2)} s`;
    this.over.setAttribute("aria-valuenow", seconds.toFixed(2));
    this.over.setAttribute("aria-valuetext", at);
    this.now.textContent = `${this.sound?.what ?? ""} at ${at}`;
  }

  playSound(uri, what) {
    const same = this.sound.uri === uri;
    this.sound = { uri, what };
    if (same) this.player.toggle();
    else {
      this.player.choose(uri);
      this.player.play();
    }
    this.markSound();
  }

  markSound() {
    for (const [uri, button] of this.playButtons) {
      button.setAttribute("aria-pressed", String(uri === this.sound.uri && !this.player.audio.paused));
    }
  }

  // The truth's masks and, of the same classes, those of the model that does best on this clip; of a
  // clip without truth, the masks of what its first model finds.
  showFirstMasks() {
    const models = this.clip.rows.filter((row) => !row.truth && row.cells.some((cell) => cell.mask));
    const best = models.reduce((one, other) => ((other.score ?? -1) > (one?.score ?? -2) ? other : one), null);
    const truth = this.clip.rows.find((row) => row.truth);
    this.clip.rows.forEach((row, at) => row.cells.forEach((cell, place) => {
      const wanted = (truth ?? row).cells[place].present && (row === truth || row === best);
      if (cell.mask && wanted) this.masksShown.add(`${at} ${place}`);
    }));
    this.markMasks();
  }

  toggleMask(at, place) {
    const key = `${at} ${place}`;
    if (!this.masksShown.delete(key)) this.masksShown.add(key);
    this.markMasks();
  }

  markMasks() {
    for (const [key, layer] of this.maskLayers) {
      const on = this.masksShown.has(key);
      layer.hidden = !on || !this.classShown[key.split(" ")[1]];
      this.maskButtons.get(key).setAttribute("aria-pressed", String(on));
    }
  }

  showClass(place, shown) {
    this.classShown[place] = shown;
    for (const part of this.classParts[place]) part.hidden = !shown;
    this.place.querySelector(`input[data-class="${place}"]`).checked = shown;
    this.showCurve(place, shown);
    this.markMasks();
  }

  showCurve(place, show) {
    for (const plot of this.plots.slice(1)) plot.setSeries(1 + this.thresholds.length + place, { show });
  }

  stop() {
    this.player.audio.pause();
    this.player.audio.removeAttribute("src");
  }
}
