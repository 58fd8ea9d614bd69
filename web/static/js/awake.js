// @ts-check
/** Keep the screen on while the meeting lasts, where the browser can. */

/** @param {AbortSignal} signal */
export function keepAwake(signal) {
  if (!("wakeLock" in navigator)) return;
  /** @type {WakeLockSentinel | null} */
  let lock = null;
  const hold = async () => {
    if (document.visibilityState !== "visible" || signal.aborted) return;
    try {
      lock = await navigator.wakeLock.request("screen");
    } catch {
      // Low battery or a policy of the machine: the meeting goes on all the same.
    }
  };
  document.addEventListener("visibilitychange", hold, { signal });
  signal.addEventListener("abort", () => void lock?.release(), { once: true });
  void hold();
}
