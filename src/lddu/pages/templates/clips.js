"use strict";
const shades = JSON.parse(document.getElementById("shades").textContent);

function gradient(shade, places) {
  const stops = shade.map((value, i) => `rgb(0 0 0/${value}%) ${places[i]}%`);
  return `linear-gradient(to right,${stops.length === 1 ? [stops[0], stops[0]] : stops})`;
}

for (const section of document.querySelectorAll("section.file")) {
  const player = section.querySelector("video, audio");
  const buttons = [...section.querySelectorAll(".say button")];
  const tracks = section.querySelector(".tracks"), frame = section.querySelector(".window");
  const chosen = section.querySelector(".chosen"), head = section.querySelector(".playhead");
  const seconds = Number(tracks.dataset.seconds);
  let current = null;

  function show(button) {
    if (button === current) return;
    current = button;
    for (const other of buttons) {
      const card = document.getElementById(other.dataset.card);
      card.toggleAttribute("data-hidden", other !== button);
      other.toggleAttribute("aria-current", other === button);
    }
    chosen.hidden = false;
    chosen.style.left = button.style.left;
    chosen.style.width = button.style.width;
    const left = button.offsetLeft, right = left + button.offsetWidth;
    if (left < frame.scrollLeft || right > frame.scrollLeft + frame.clientWidth) frame.scrollLeft = left - 24;
  }

  function seek(time) {
    if (!player) return;
    if (player.readyState) player.currentTime = time;
    else player.addEventListener("loadedmetadata", () => { player.currentTime = time; }, { once: true });
  }

  function place() {
    const now = player.currentTime;
    head.style.left = `${Math.min(100, 100 * now / seconds)}%`;
    const own = [...current.closest(".lane").querySelectorAll("button")];
    const here = [...own, ...buttons].find(b => now >= Number(b.dataset.start) && now < Number(b.dataset.end));
    if (here) show(here);
  }

  function follow() {
    place();
    if (!player.paused) requestAnimationFrame(follow);
  }

  section.classList.add("playing");
  show(buttons[0]);
  for (const button of buttons) {
    button.addEventListener("click", () => {
      show(button);
      if (button.dataset.start) seek(Number(button.dataset.start) + 0.001);
    });
  }
  tracks.addEventListener("click", event => {
    if (event.target.closest("button")) return;
    const share = (event.clientX - tracks.getBoundingClientRect().left) / tracks.clientWidth;
    const lane = event.target.closest(".lane");
    const under = lane && [...lane.querySelectorAll("button")].find(b => {
      const left = parseFloat(b.style.left) / 100;
      return share >= left && share < left + parseFloat(b.style.width) / 100;
    });
    if (under) show(under);
    if (seconds) seek(share * seconds);
  });
  if (player) {
    player.addEventListener("play", follow);
    player.addEventListener("seeked", place);
    player.addEventListener("error", () => {
      section.querySelector(".unplayed").hidden = false;
      player.hidden = true;
    });
  }
  section.querySelector("select")?.addEventListener("change", event => {
    for (const strip of section.querySelectorAll(".heat")) {
      const { top, shade, places } = shades[strip.dataset.segment], modality = strip.dataset.modality;
      strip.style.maskImage = gradient(shade[modality][event.target.value || top], places[modality]);
    }
  });
}
