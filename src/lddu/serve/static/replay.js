// The server has deleted the recording: the page around this one hands over the browser's own copy, and fits the frame to this page.
addEventListener("message", event => {
  if (event.source !== parent) return;
  const player = document.querySelector(".player video, .player audio, .player img");
  if (!player) return;
  if (event.data instanceof Blob) {
    player.src = URL.createObjectURL(event.data);
    return;
  }
  const note = document.querySelector(".unplayed");
  note.textContent = "The recording was deleted after its answer, and this page holds no copy of it.";
  note.hidden = false;
  player.hidden = true;
});
new ResizeObserver(() => {
  parent.postMessage({ height: Math.ceil(document.body.getBoundingClientRect().height) }, "*");
}).observe(document.body);
parent.postMessage({ ready: true }, "*");
