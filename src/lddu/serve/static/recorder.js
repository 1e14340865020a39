// Recording from camera and microphone. Every recording is whole: a MediaRecorder of its own from start to stop, never a piece of a
// running one, which nothing could decode by itself.
const KINDS = {
  video: ["video/webm;codecs=vp8,opus", "video/webm", "video/mp4"],
  audio: ["audio/webm;codecs=opus", "audio/webm", "audio/mp4"],
};

export async function openStream(camera) {
  if (!navigator.mediaDevices) {
    throw new Error("Browsers record only on pages of this machine or over HTTPS. Open this page at 127.0.0.1, as through: ssh -L.");
  }
  const video = camera && { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: "user" };
  return navigator.mediaDevices.getUserMedia({ audio: true, video });
}

export function closeStream(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

// One recording of so many seconds, as a file; null where `signal` ends it before.
export function recordOnce(stream, seconds, signal, second = () => {}) {
  const what = stream.getVideoTracks().length ? "video" : "audio";
  const mimeType = KINDS[what].find(kind => MediaRecorder.isTypeSupported(kind));
  return new Promise((resolve, reject) => {
    if (signal.aborted) return resolve(null);
    const recorder = new MediaRecorder(stream, mimeType ? { mimeType } : {});
    const parts = [];
    let left = seconds;
    const clock = setInterval(() => second(--left), 1000);
    const timer = setTimeout(() => recorder.stop(), 1000 * seconds);
    const stop = () => recorder.state !== "inactive" && recorder.stop();
    signal.addEventListener("abort", stop, { once: true });
    recorder.ondataavailable = event => parts.push(event.data);
    recorder.onerror = event => reject(event.error ?? new Error("The recording failed."));
    recorder.onstop = () => {
      clearInterval(clock);
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      const type = recorder.mimeType.split(";")[0] || `${what}/webm`;
      const name = `recording ${new Date().toTimeString().slice(0, 8).replaceAll(":", ".")}.${type.endsWith("mp4") ? "mp4" : "webm"}`;
      resolve(signal.aborted ? null : new File(parts, name, { type }));
    };
    second(left);
    recorder.start();
  });
}
