// One player for all sounds of a clip: another sound goes on where the one before was.

class Player {
  constructor(seconds) {
    this.seconds = seconds;
    this.audio = element("audio", { controls: true, "aria-label": "Player", preload: "auto" });
    this.onTime = () => {};
    this.onState = () => {};
    const tell = () => this.onTime(this.audio.currentTime);
    for (const name of ["seeking", "seeked", "timeupdate"]) this.audio.addEventListener(name, tell);
    for (const name of ["play", "pause", "ended"]) {
      this.audio.addEventListener(name, () => this.onState(!this.audio.paused));
    }
    this.audio.addEventListener("play", () => this.follow());
  }

  follow() {
    this.onTime(this.audio.currentTime);
    if (!this.audio.paused) requestAnimationFrame(() => this.follow());
  }

  choose(uri) {
    if (this.audio.src === uri) return;
    const { currentTime, paused, ended } = this.audio;
    this.audio.src = uri;
    this.audio.currentTime = ended ? 0 : currentTime;
    if (!paused) this.play();
  }

  play() {
    this.audio.play().catch((error) => {
      if (error.name !== "AbortError") throw error; // another sound was chosen meanwhile
    });
  }

  toggle() {
    if (this.audio.paused) this.play();
    else this.audio.pause();
  }

  seek(seconds) {
    this.audio.currentTime = Math.min(Math.max(seconds, 0), this.seconds);
    this.onTime(this.audio.currentTime);
  }
}
